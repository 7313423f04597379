-- Where the program is: the option, else CAM_BINARY, else PATH and the places where people install programs.

local places = require("codex-account-manager.places")

local M = {}

M.name = places.program

-- A variable at the beginning of the option, and nothing else: `expand()` takes brackets for a pattern, heeds 'wildignore'
-- and runs what stands in backticks.
local function without_variable(path)
  return (path:gsub("^%$([%w_]+)", function(name)
    return vim.env[name]
  end))
end

local function named(source, given, surroundings)
  local path = places.expanded(given, surroundings)
  local is_path = given == "~" or given:match("/") or (surroundings.windows and given:match("\\"))
  local found
  if is_path then
    found = places.program_at(path, surroundings)
  else
    found = places.program_in(places.path_folders(surroundings), given, surroundings)
  end
  if found then
    return found
  end
  local meant = path == given and "" or ", which is `" .. path .. "`,"
  return nil, source .. ": `" .. given .. "`" .. meant .. " is no program that can be run"
end

--- The path, or nil and where it was searched. A place that is named and empty is an error: another copy is not meant.
function M.search(option, surroundings)
  local variable = surroundings.environment.CAM_BINARY
  local found, looked
  if option then
    found, looked = named("the `binary` option", option, surroundings)
  elseif variable and variable ~= "" then
    found, looked = named("`CAM_BINARY`", variable, surroundings)
  else
    local in_path, others = places.path_folders(surroundings), places.usual_folders(surroundings)
    found = places.program_in(in_path, places.program, surroundings)
      or places.program_in(others, places.program, surroundings)
    looked = "no `" .. places.program .. "` on `PATH` (" .. table.concat(in_path, ", ") .. ")\n  nor in "
    looked = looked .. table.concat(others, ", ")
  end
  if found then
    return found
  end
  local hint = "hint: install it, or name it with the `binary` option or `CAM_BINARY`"
  return nil, places.program .. " was not found:\n  " .. looked .. "\n" .. hint
end

--- The same here.
function M.find()
  local option = require("codex-account-manager.config").get().binary
  local found, missing = M.search(option and without_variable(option), {
    environment = vim.fn.environ(),
    windows = vim.fn.has("win32") == 1,
    home = vim.loop.os_homedir(),
    is_program = function(path)
      return vim.fn.executable(path) == 1 and vim.fn.isdirectory(path) == 0
    end,
  })
  -- The folder that is open may change before the next start.
  return found and vim.fn.fnamemodify(found, ":p"), missing
end

return M
