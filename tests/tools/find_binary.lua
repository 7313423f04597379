-- The Neovim plugin finds the program where every client finds it; run with `nvim -l` or `nvim --headless -S`.

local folder = vim.env.CAM_TEST_FOLDER
vim.opt.runtimepath:prepend(folder .. "/clients/neovim")
local binary = require("codex-account-manager.binary")
local list = vim.fn.json_decode(table.concat(vim.fn.readfile(folder .. "/tests/tools/find_binary.json"), "\n"))
local wrong, tried = {}, 0
for _, case in ipairs(list.cases) do
  local surroundings = {
    environment = case.environment,
    windows = case.platform == "win32",
    is_program = function(path)
      return vim.tbl_contains(case.there, path)
    end,
  }
  local option = case.option ~= vim.NIL and case.option or nil
  if not vim.tbl_contains(case.but or {}, "neovim") then
    tried = tried + 1
    local found, missing = binary.search(option, surroundings)
    if case.found ~= found then
      table.insert(wrong, case.name .. ": " .. tostring(found or missing))
    end
    for _, place in ipairs(case.looked or {}) do
      if not (missing or ""):find(place, 1, true) then
        table.insert(wrong, case.name .. ": " .. place .. " is not in " .. tostring(missing))
      end
    end
  end
end
io.stdout:write(vim.fn.json_encode({ step = "wrong", value = wrong }) .. "\n")
io.stdout:write(vim.fn.json_encode({ step = "tried", value = tried }) .. "\n")
vim.cmd("qall!")
