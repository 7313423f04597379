-- The sidecar as a language server that is attached to no buffer: start, requests, notifications, and again after a
-- crash.

local binary = require("codex-account-manager.binary")
local browser = require("codex-account-manager.browser")
local config = require("codex-account-manager.config")
local editor = require("codex-account-manager.editor")
local messages = require("codex-account-manager.messages")

local M = {}

-- The pause before the first restart in milliseconds; each further one in a row is twice as long.
local FIRST_PAUSE, LONGEST_PAUSE = 250, 8000

-- A sidecar that lived this long was well: the next crash is counted as the first.
local WELL = 60000

-- How long `initialize` may take in milliseconds. It takes a few; only a program that hangs comes here.
local PATIENCE = 15000

-- What to do when it cannot be used.
local HINT = "`:checkhealth codex-account-manager`, or run `codex-account-manager doctor`"

-- Names that LSP has given out; Neovim has handlers for them. All others are the sidecar's own.
local LSP_NAMES = { "^%$/", "^window/", "^workspace/", "^client/", "^textDocument/", "^telemetry/" }

-- The process that runs or starts: { id, session?, began, folders }. A process that is not this one is over.
local current
-- Whether a restart is awaited.
local pausing = false
local crashes = 0
-- Called with a problem or nil once the sidecar runs or cannot.
local waiting = {}
-- What was asked and is not answered: number -> callback.
local pending, next_number = {}, 1
local listeners = {}

-- Calls a function of the user: one that fails must not keep the others from being called.
local function guarded(what, callback, ...)
  local ok, problem = pcall(callback, ...)
  if not ok then
    messages.say(what .. " failed: " .. tostring(problem), vim.log.levels.ERROR)
  end
end

local function notify(method, params)
  for _, handler in ipairs(vim.deepcopy(listeners[method] or {})) do
    guarded("a handler of `" .. method .. "`", handler, params)
  end
end

local function settle(problem)
  local callbacks = waiting
  waiting = {}
  for _, callback in ipairs(callbacks) do
    guarded("a callback", callback, problem)
  end
end

-- When nobody waits, the person is notified.
local function fail(problem)
  if #waiting == 0 then
    messages.problem(problem)
  end
  settle(problem)
end

local function fail_pending(problem)
  local callbacks = pending
  pending = {}
  for _, callback in pairs(callbacks) do
    guarded("the callback of a request", callback, problem)
  end
end

local function show_message(_, params)
  -- LSP counts error, warning, info, log from 1.
  local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO, vim.log.levels.DEBUG }
  messages.say(params.message, levels[params.type])
  return vim.NIL
end

-- The page of a login.
local function show_document(_, params)
  return { success = params.external == true and browser.open(params.uri) }
end

-- What this Neovim can do. A page is opened by it where there is a browser.
local function capabilities()
  local able = vim.lsp.protocol.make_client_capabilities()
  able.window = vim.tbl_extend("force", able.window or {}, { showDocument = { support = browser.exists() } })
  return able
end

-- A handler for every name that is not LSP's own, so that there is no list of them to keep.
local function handlers()
  local own = { ["window/showMessage"] = show_message, ["window/showDocument"] = show_document }
  return setmetatable(own, {
    __index = function(_, method)
      for _, pattern in ipairs(LSP_NAMES) do
        if type(method) ~= "string" or method:find(pattern) then
          return nil
        end
      end
      return function(_, params)
        notify(method, params)
      end
    end,
  })
end

-- An empty table would go out as an empty list.
local function object(fields)
  return (fields == nil or vim.tbl_isempty(fields)) and vim.empty_dict() or fields
end

-- Where this Neovim works, as workspace folders: its working directory, and those of its windows and tab pages.
local function folders()
  local option = config.get().folder
  local paths = { option or vim.loop.cwd() }
  if not option then
    table.insert(paths, vim.fn.getcwd(-1, -1))
    for tab = 1, vim.fn.tabpagenr("$") do
      for window = 1, vim.fn.tabpagewinnr(tab, "$") do
        table.insert(paths, vim.fn.getcwd(window, tab))
      end
    end
  end
  local list, known = {}, {}
  for _, path in ipairs(paths) do
    path = vim.fn.fnamemodify(path, ":p")
    path = #path > 1 and path:gsub("/$", "") or path
    if not known[path] then
      known[path] = true
      table.insert(list, { uri = vim.uri_from_fname(path), name = path })
    end
  end
  return list
end

-- Those of `list` that are not in `others`.
local function without(list, others)
  local known = {}
  for _, folder in ipairs(others) do
    known[folder.uri] = true
  end
  return vim.tbl_filter(function(folder)
    return not known[folder.uri]
  end, list)
end

-- Tells the sidecar where this Neovim works now.
local function follow_folders()
  local client = current and current.session and vim.lsp.get_client_by_id(current.id)
  if not client then
    return
  end
  local now, before = folders(), current.folders
  local added, removed = without(now, before), without(before, now)
  if #added + #removed > 0 then
    current.folders = now
    editor.call(client, "notify", "workspace/didChangeWorkspaceFolders", { event = { added = added, removed = removed } })
  end
end

local launch

-- Ends the process that runs or starts, and says why.
local function let_go(problem)
  local process = current
  current, pausing, crashes = nil, false, 0
  if process then
    local client = vim.lsp.get_client_by_id(process.id)
    if client then
      editor.call(client, "stop")
    end
    notify("session/ended", problem)
    fail_pending(problem)
  end
end

-- A process that cannot be used although it runs.
local function give_up(process, problem)
  if process == current and not process.session then
    let_go(problem)
    fail(problem)
  end
end

-- The process ended. Its port and key are void from here on.
local function ended(process, code, signal)
  if process ~= current then
    return
  end
  current = nil
  if vim.loop.now() - process.began >= WELL then
    crashes = 0
  end
  local how = "the sidecar " .. (signal ~= 0 and "was ended by signal " .. signal or "ended with code " .. code)
  local problem = { message = how }
  -- One that never answered will not do so the next time.
  local never_worked = not process.session and crashes == 0
  crashes = crashes + 1
  -- Before anybody hears of it: who asks again at once has to wait as well.
  pausing = not never_worked and crashes <= config.get().restarts
  notify("session/ended", problem)
  fail_pending(problem)
  if not pausing then
    crashes = 0
    return fail({
      message = how .. (never_worked and " before it answered" or " and is not started again"),
      data = { hint = HINT },
    })
  end
  messages.say(how .. "; starting it again", vim.log.levels.WARN)
  vim.defer_fn(function()
    -- Not stopped meanwhile.
    if pausing then
      pausing = false
      launch()
    end
  end, math.min(FIRST_PAUSE * 2 ^ (crashes - 1), LONGEST_PAUSE))
end

launch = function()
  local path, missing = binary.find()
  if not path then
    return fail({ message = missing })
  end
  local options = config.get()
  local command = { path, "sidecar", "--stdio" }
  vim.list_extend(command, options.arguments)
  local other = { message = "`" .. path .. "` is not codex-account-manager", data = { hint = HINT } }
  local process = { began = vim.loop.now(), folders = folders() }
  current = process
  process.id = editor.start_client({
    name = binary.name,
    cmd = command,
    cmd_env = options.sidecar_environment,
    init_options = object(vim.tbl_extend("force", options.initialization_options, { accounts = options.accounts })),
    workspace_folders = process.folders,
    capabilities = capabilities(),
    handlers = handlers(),
    on_init = vim.schedule_wrap(function(client)
      if process ~= current then
        return
      end
      local experimental = client.server_capabilities.experimental or {}
      process.session = experimental.codexAccountManager
      if not process.session then
        return give_up(process, other)
      end
      -- It may have gone elsewhere meanwhile.
      follow_folders()
      notify("session/began", process.session)
      settle(nil)
    end),
    on_exit = vim.schedule_wrap(function(code, signal)
      ended(process, code, signal)
    end),
  }, function(problem)
    if type(problem) ~= "table" then
      return give_up(process, other)
    end
    local said = "the sidecar refuses to start: " .. tostring(problem.message)
    give_up(process, { message = said, code = problem.code, data = problem.data or { hint = HINT } })
  end)
  if not process.id then
    current = nil
    return fail({ message = "`" .. path .. "` cannot be started" })
  end
  vim.defer_fn(function()
    local said = ("`%s` did not answer within %d s"):format(path, PATIENCE / 1000)
    give_up(process, { message = said, data = { hint = HINT } })
  end, PATIENCE)
end

--- Starts it if it does not run; `callback(problem)` once it does or cannot.
function M.start(callback)
  if current and current.session then
    return callback(nil)
  end
  table.insert(waiting, callback)
  if not current and not pausing then
    launch()
  end
end

--- Ends it: `shutdown`, then `exit`.
function M.stop()
  local stopped = { message = "the sidecar was stopped" }
  let_go(stopped)
  settle(stopped)
end

--- What it reported of itself; nil while none runs.
function M.session()
  return current and current.session
end

--- Asks it, starting it if need be. The returned function takes the request back.
function M.request(method, params, callback)
  local cancelled = false
  local client, number, id
  M.start(function(problem)
    if cancelled then
      return
    elseif problem then
      return callback(problem)
    elseif not (current and current.session) then
      -- Somebody who waited as well stopped it.
      return callback({ message = "the sidecar was stopped" })
    end
    number = next_number
    next_number = number + 1
    pending[number] = callback
    client = vim.lsp.get_client_by_id(current.id)
    if not client then
      -- It has ended, which is reported in a moment.
      return
    end
    local sent
    sent, id = editor.call(client, "request", method, object(params), function(failure, result)
      if pending[number] then
        pending[number] = nil
        callback(failure, result)
      end
    end, 0)
    if not sent then
      -- It has ended, which is reported in a moment.
      id = nil
    end
  end)
  return function()
    cancelled = true
    if number and pending[number] then
      pending[number] = nil
      if id then
        editor.call(client, "cancel_request", id)
      end
    end
  end
end

--- Calls `handler(params)` for every notification of that name; the returned function ends it. Beside the sidecar's own
--- there are `session/began`, with what it reported at its start, and `session/ended`.
function M.on(method, handler)
  listeners[method] = listeners[method] or {}
  table.insert(listeners[method], handler)
  return function()
    for index, known in ipairs(listeners[method]) do
      if known == handler then
        return table.remove(listeners[method], index)
      end
    end
  end
end

local group = vim.api.nvim_create_augroup("codex-account-manager", {})

vim.api.nvim_create_autocmd({ "DirChanged", "TabNewEntered", "TabClosed", "WinClosed", "WinNew" }, {
  group = group,
  desc = "Keep to the rules of the folders that Neovim works in",
  callback = vim.schedule_wrap(follow_folders),
})

vim.api.nvim_create_autocmd("VimLeavePre", {
  group = group,
  desc = "Do not start the sidecar again: Neovim ends it with its other servers",
  callback = function()
    current, pausing = nil, false
  end,
})

-- Here and not above: it listens to what this file reports.
require("codex-account-manager.state").follow(M)

return M
