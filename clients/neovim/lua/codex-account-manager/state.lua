-- What the sidecar last reported of the accounts, kept for the statusline, the completion and the environment.

local M = {}

local environment = require("codex-account-manager.environment")

local session, accounts
-- What this Neovim may use, where a rule or an option narrows it.
local account_set
-- Whether the accounts could not be read; the sidecar says why.
local unreadable = false
-- The id of the account that was chosen last, by a request or by hand.
local serving
local text = ""
local asking, asked_meanwhile = false, false
local warned_of_locks = false

local function current_account()
  local active
  for _, account in ipairs(accounts) do
    if account.id == serving then
      return account
    end
    active = account.active and account or active
  end
  return active
end

local function describe()
  if not session then
    return ""
  elseif not accounts then
    return unreadable and "OpenAI: accounts cannot be read" or "OpenAI: …"
  elseif #accounts == 0 then
    return "OpenAI: no account"
  end
  local account = current_account()
  local limited, usable = 0, 0
  for _, each in ipairs(accounts) do
    if each.state ~= "notAllowed" then
      usable = usable + 1
      limited = limited + (each.state == "ready" and 0 or 1)
    end
  end
  local set = account_set and " · " .. account_set.name or ""
  if usable == 0 then
    return "OpenAI: no account is allowed here" .. set
  end
  local mark = limited > 0 and (" (%d of %d cannot serve)"):format(limited, usable) or ""
  return "OpenAI: " .. (account and account.label or "none can serve") .. set .. mark
end

local function redraw()
  local now = describe()
  if now ~= text then
    text = now
    vim.cmd("redrawstatus!")
  end
end

local function warn_of_locks()
  local locked = vim.tbl_filter(function(account)
    return account.state == "locked"
  end, accounts)
  if #locked > 0 and not warned_of_locks then
    require("codex-account-manager.messages").say(
      ("%d of %d accounts are locked: %s\nhint: start Neovim with `CAM_MASTER_KEY` or `CAM_MASTER_KEY_FILE` set"):format(
        #locked,
        #accounts,
        locked[1].reason or "their secrets cannot be opened"
      ),
      vim.log.levels.WARN
    )
  end
  warned_of_locks = #locked > 0
end

-- Limits end by themselves, and nobody reports it.
local function look_again_when_one_is_free(sidecar)
  local soonest
  for _, account in ipairs(accounts) do
    if account.availableAt and (not soonest or account.availableAt < soonest) then
      soonest = account.availableAt
    end
  end
  if soonest then
    local seen, pause = accounts, math.max(soonest - os.time() * 1000, 1000)
    vim.defer_fn(function()
      if accounts == seen then
        M.refresh(sidecar)
      end
    end, pause)
  end
end

--- Asks for the accounts; once more afterwards if somebody wants it meanwhile.
function M.refresh(sidecar)
  if asking then
    asked_meanwhile = true
    return
  end
  asking, asked_meanwhile = true, false
  local of = session
  sidecar.request("accounts/list", {}, function(problem, result)
    asking = false
    if session == of then
      unreadable = problem ~= nil
    end
    if problem then
      redraw()
    elseif session == of then
      accounts, account_set = result.accounts, result.accountSet
      warn_of_locks()
      look_again_when_one_is_free(sidecar)
      -- With no account the proxy can serve nobody, and whatever the person had is better.
      if #accounts > 0 and require("codex-account-manager.config").get().environment then
        environment.point_at(session.proxy)
      else
        environment.put_back()
      end
      redraw()
    end
    if asked_meanwhile and session then
      M.refresh(sidecar)
    end
  end)
end

--- Listens to the sidecar.
function M.follow(sidecar)
  sidecar.on("session/began", function(began)
    session, accounts, account_set, serving, unreadable = began, nil, nil, nil, false
    redraw()
    M.refresh(sidecar)
  end)
  sidecar.on("session/ended", function()
    session, accounts, account_set, serving = nil, nil, nil, nil
    environment.put_back()
    redraw()
  end)
  sidecar.on("accounts/didChange", function()
    M.refresh(sidecar)
  end)
  sidecar.on("routing/didSelect", function(selected)
    M.chose(selected.account)
  end)
end

--- An account was chosen, by a request or by hand.
function M.chose(id)
  if session and serving ~= id then
    serving = id
    redraw()
  end
end

function M.accounts()
  return accounts
end

function M.text()
  return text
end

return M
