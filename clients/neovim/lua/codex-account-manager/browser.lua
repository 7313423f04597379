-- The person's browser, where this machine has one.

local M = {}

-- In the order of preference; `wslview` leads out of the Linux inside Windows.
local PROGRAMS = { "open", "wslview", "xdg-open" }

local function program()
  for _, name in ipairs(PROGRAMS) do
    if vim.fn.executable(name) == 1 and (name ~= "open" or vim.fn.has("mac") == 1) then
      return name
    end
  end
end

--- Whether a page can be opened. Neovim has a way of its own from 0.10 on, which needs one of the programs as well.
function M.exists()
  return vim.fn.has("win32") == 1 or program() ~= nil
end

-- By its whole path: a name alone is looked for in the current folder first.
local function handler()
  return (vim.env.SystemRoot or "C:\\Windows") .. "\\System32\\rundll32.exe"
end

--- Opens a page; whether that could be tried. Nothing but a page of the web is opened.
function M.open(url)
  if type(url) ~= "string" or not url:find("^https?://") or not M.exists() then
    return false
  end
  if vim.ui.open then
    local ok, started, problem = pcall(vim.ui.open, url)
    return ok and started ~= nil and problem == nil
  end
  local command = vim.fn.has("win32") == 1 and { handler(), "url.dll,FileProtocolHandler", url } or { program(), url }
  return vim.fn.jobstart(command, { detach = true }) > 0
end

return M
