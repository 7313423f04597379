-- A login of a ChatGPT account: shows the page and the code, and reports how it ended.

local messages = require("codex-account-manager.messages")
local sidecar = require("codex-account-manager.sidecar")
local window = require("codex-account-manager.window")

local M = {}

-- Past its own end a login may still exchange its code: after so many milliseconds more nothing comes any more.
local OVERDUE = 60000

local METHODS = { "browser", "device" }

local WORDS = { browser = "In a browser on this machine", device = "With a code, on any device" }

-- The login that is under way: { id, buffer?, after? }. `after` is what its person wants next, having given it up.
local current
-- Logins that ended before their beginning was answered: id -> params.
local ended = {}

local function close_window(login)
  local buffer = login.buffer
  if buffer and vim.api.nvim_buf_is_valid(buffer) then
    vim.api.nvim_buf_delete(buffer, { force = true })
  end
end

local function tell_account(id)
  sidecar.request("accounts/read", { account = id }, function(problem, account)
    if problem then
      messages.problem(problem)
    else
      messages.say(("Logged in: account %d (%s)"):format(account.index, account.label))
    end
  end)
end

-- Whether it was still waited for.
local function close(login)
  if login ~= current then
    return false
  end
  current = nil
  close_window(login)
  return true
end

local function finish(login, params)
  if not close(login) then
    return
  end
  if params.account then
    tell_account(params.account)
  elseif not login.after then
    messages.say(params.error or "the login failed", vim.log.levels.ERROR)
  end
  if login.after then
    login.after(params.account)
  end
end

-- Nobody will report how it ended, nor whether its port is free.
local function lose(login, why)
  if close(login) then
    messages.say(why, vim.log.levels.ERROR)
  end
end

sidecar.on("accounts/didLogin", function(params)
  if current and current.id == params.loginId then
    finish(current, params)
  else
    ended[params.loginId] = params
  end
end)

-- Another sidecar knows nothing of it.
sidecar.on("session/ended", function(problem)
  ended = {}
  if current then
    local why = type(problem) == "table" and problem.message or "the sidecar ended"
    lose(current, why .. "; begin the login again")
  end
end)

local function lines_of(begun)
  local lines = { "Open this page and log in:", "", begun.url, "" }
  if begun.userCode then
    lines[1] = "Open this page on any device and enter the code:"
    vim.list_extend(lines, { "    " .. begun.userCode, "" })
  end
  return vim.list_extend(lines, { "`q` closes this window; `:CodexAccountsLogin cancel` gives the login up." })
end

local function wait_for(begun)
  local login = { id = begun.loginId }
  current = login
  if ended[login.id] then
    local params = ended[login.id]
    ended = {}
    return finish(login, params)
  end
  ended = {}
  login.buffer = window.show("ChatGPT login", lines_of(begun))
  local left = math.max(begun.expiresAt - os.time() * 1000, 0)
  vim.defer_fn(function()
    lose(login, "the result of the login was not reported; look at `:CodexAccounts`")
  end, left + OVERDUE)
end

local function begin(method, label, fresh)
  local params = { method = method, label = label ~= "" and label or nil, fresh = fresh or nil }
  sidecar.request("accounts/login", params, function(problem, begun)
    if problem then
      messages.problem(problem)
    else
      wait_for(begun)
    end
  end)
end

-- Gives up the login that is under way, and calls `after` once it has ended, with the account where one came all the
-- same: only then is its port free.
local function leave(after)
  local login = current
  if not login then
    return after()
  end
  login.after = after
  close_window(login)
  -- A cancel that comes too late is refused: what the person has agreed to is seen through. Either way its end is reported.
  sidecar.request("accounts/cancelLogin", { loginId = login.id }, function() end)
end

local function start(method, label, fresh)
  leave(function()
    begin(method, label, fresh)
  end)
end

--- `:CodexAccountsLogin[!] [browser|device|cancel] [label]`
function M.run(words, fresh)
  local method, label = words:match("^%s*(%S*)%s*(.-)%s*$")
  if method == "cancel" then
    if not current then
      return messages.say("No login is under way", vim.log.levels.WARN)
    end
    return leave(function(account)
      if not account then
        messages.say("The login was given up")
      end
    end)
  elseif WORDS[method] then
    return start(method, label, fresh)
  elseif method ~= "" then
    local said = "`%s` is no way to log in\nhint: `browser`, `device`, or `cancel` for the one that is under way"
    return messages.say(said:format(method), vim.log.levels.ERROR)
  end
  vim.ui.select(METHODS, {
    prompt = "Log in with ChatGPT",
    format_item = function(choice)
      return WORDS[choice]
    end,
  }, function(choice)
    if choice then
      start(choice, "", fresh)
    end
  end)
end

--- The ways that begin with what is typed.
function M.complete(lead, line)
  if line:match("^%s*%S+%s+%S+%s") then
    return {}
  end
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, { "browser", "cancel", "device" })
end

return M
