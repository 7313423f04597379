-- The plugin's face: `setup`, `start`, `stop`, `request`, `on`, `session`, `accounts` and `statusline`.

local M = {}

--- Takes the options (`:help codex-account-manager-options`) and starts the sidecar, unless `start = "lazy"`.
function M.setup(options)
  local config = require("codex-account-manager.config")
  config.set(options or {})
  if config.get().start == "now" then
    M.start()
  end
end

--- Starts the sidecar, if it does not run. `callback(problem)` is called once it does, or cannot.
function M.start(callback)
  require("codex-account-manager.sidecar").start(function(problem)
    if callback then
      callback(problem)
    elseif problem then
      require("codex-account-manager.messages").problem(problem)
    end
  end)
end

--- Ends the sidecar and puts the environment back.
function M.stop()
  require("codex-account-manager.sidecar").stop()
end

--- Asks the sidecar, starting it if need be. `callback(problem, result)`: a problem is `{ message, code?, data? }`.
--- Returns a function that takes the request back.
function M.request(method, params, callback)
  return require("codex-account-manager.sidecar").request(method, params, callback)
end

--- Calls `handler(params)` for every notification of that name; returns a function that ends it.
function M.on(method, handler)
  return require("codex-account-manager.sidecar").on(method, handler)
end

--- What the sidecar reported of itself at its last start; nil while none runs.
function M.session()
  return require("codex-account-manager.sidecar").session()
end

--- The accounts as they were last reported; nil while no sidecar runs. Costs nothing.
function M.accounts()
  return require("codex-account-manager.state").accounts()
end

--- A short text such as `OpenAI: work`; empty while no sidecar runs. Costs nothing.
function M.statusline()
  return require("codex-account-manager.state").text()
end

return M
