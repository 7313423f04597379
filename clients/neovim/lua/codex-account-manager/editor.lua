-- What differs between versions of Neovim, from 0.7 on.

local M = {}

local has_methods = vim.fn.has("nvim-0.11") == 1

local function start_client(config)
  if has_methods then
    return vim.lsp.start(config, {
      attach = false,
      reuse_client = function()
        return false
      end,
    })
  end
  return vim.lsp.start_client(config)
end

-- Neovim asserts that `initialize` was answered well and reports it only to the person, with a stack trace.
local function watch(connection, refused)
  local request = connection.request
  connection.request = function(method, params, callback, ...)
    if method ~= "initialize" then
      return request(method, params, callback, ...)
    end
    return request(method, params, function(problem, result)
      if problem or type(result) ~= "table" or type(result.capabilities) ~= "table" then
        return vim.schedule(function()
          refused(problem)
        end)
      end
      callback(problem, result)
    end, ...)
  end
end

--- Starts a language server that is attached to no buffer; its client's id, or nil. `refused(problem?)` is called when
--- it answers `initialize` with an error, or with nothing that can be used.
function M.start_client(config, refused)
  local rpc = vim.lsp.rpc
  local start = rpc.start
  rpc.start = function(...)
    local connection = start(...)
    if connection then
      watch(connection, refused)
    end
    return connection
  end
  local ok, id = pcall(start_client, config)
  rpc.start = start
  if not ok then
    error(id, 0)
  end
  return id
end

--- Calls a function of a client, which takes the client itself from 0.11 on.
function M.call(client, name, ...)
  if has_methods then
    return client[name](client, ...)
  end
  return client[name](...)
end

--- The functions that report in a health check, which moved in 0.8 and were renamed in 0.10.
function M.health()
  local health = vim.health or require("health")
  return {
    start = health.start or health.report_start,
    ok = health.ok or health.report_ok,
    info = health.info or health.report_info,
    warn = health.warn or health.report_warn,
    error = health.error or health.report_error,
  }
end

return M
