-- Where the program is: the option, else CAM_BINARY, else PATH.

local M = {}

M.name = "codex-account-manager"

-- `~` and a variable at the beginning, and nothing else: `expand()` takes brackets for a pattern, heeds 'wildignore' and
-- runs what stands in backticks.
local function expanded(path)
  local home = path:match("^~(/.*)$")
  if home then
    return vim.loop.os_homedir() .. home
  end
  return (path:gsub("^%$([%w_]+)", function(name)
    return vim.env[name]
  end))
end

--- The path, or nil and what is wrong. A place that is named and empty is an error: another copy on PATH is not meant.
function M.find()
  local option = require("codex-account-manager.config").get().binary
  local variable = vim.env.CAM_BINARY
  if variable == "" then
    variable = nil
  end
  local named = expanded(option or variable or M.name)
  local path = named ~= "" and vim.fn.exepath(named) or ""
  if path ~= "" then
    return path
  end
  local said
  if option then
    said = "the `binary` option says `" .. option .. "`, and there is no program"
  elseif variable then
    said = "`CAM_BINARY` says `" .. variable .. "`, and there is no program"
  else
    said = "`" .. M.name .. "` is not on `PATH`"
  end
  return nil, said .. "\nhint: install it so that it is on `PATH`, or name it with the `binary` option or `CAM_BINARY`"
end

return M
