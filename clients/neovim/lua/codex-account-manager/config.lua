-- The options and what they are when nobody says so.

local M = {}

local defaults = {
  -- The program; nil looks at CAM_BINARY, then at PATH and where people install programs.
  binary = nil,
  -- Further arguments of `sidecar --stdio`, such as { "--strategy", "round_robin" }.
  arguments = {},
  -- Further environment variables of the sidecar.
  sidecar_environment = {},
  -- Sent as `initializationOptions`: any configuration key.
  initialization_options = {},
  -- The folder whose rules of projects hold; nil is where Neovim works: its working directory and those of its windows.
  folder = nil,
  -- The only accounts to use, such as { "work", "!main" }; it narrows what the rules leave. nil: all of that.
  accounts = nil,
  -- "now" starts the sidecar in `setup`, "lazy" at the first command or request.
  start = "now",
  -- Whether OPENAI_BASE_URL and OPENAI_API_KEY of this Neovim are set to the proxy's while it runs.
  environment = true,
  -- How many crashes in a row are tolerated.
  restarts = 5,
}

local current = vim.deepcopy(defaults)

local kinds = {
  binary = "string",
  arguments = "table",
  sidecar_environment = "table",
  initialization_options = "table",
  folder = "string",
  accounts = "table",
  start = "string",
  environment = "boolean",
  restarts = "number",
}

--- Replaces the options by the defaults and `options`. An option that does not exist is an error.
function M.set(options)
  for name, value in pairs(options) do
    assert(kinds[name], "codex-account-manager has no option `" .. tostring(name) .. "`")
    assert(type(value) == kinds[name], "the option `" .. name .. "` of codex-account-manager is a " .. kinds[name])
  end
  assert(vim.tbl_contains({ "now", "lazy", "nil" }, tostring(options.start)), 'the option `start` is "now" or "lazy"')
  current = vim.tbl_extend("force", vim.deepcopy(defaults), options)
end

function M.get()
  return current
end

return M
