-- What the commands do.

local messages = require("codex-account-manager.messages")
local sidecar = require("codex-account-manager.sidecar")
local state = require("codex-account-manager.state")
local window = require("codex-account-manager.window")

local M = {}

-- How long a completion may wait for a sidecar that has to be started first.
local COMPLETION_PATIENCE = 2000

-- Asks, and hands on what came; a problem is shown to the person.
local function ask(method, params, show)
  sidecar.request(method, params, function(problem, result)
    if problem then
      messages.problem(problem)
    else
      show(result)
    end
  end)
end

-- Such as `pinned everywhere for gpt-5.2`, for each switch by hand to this account.
local function pins_of(id, pins)
  local words = {}
  for _, pin in ipairs(pins or {}) do
    if pin.account == id then
      local where = pin.scope == "everywhere" and " everywhere" or ""
      table.insert(words, "pinned" .. where .. (pin.family and " for " .. pin.family or ""))
    end
  end
  return words
end

-- What this Neovim may use and why, and what has to be mended; nothing where all of it is allowed.
local function set_of(list)
  local set = list.accountSet
  if not set then
    return {}
  end
  local names, lines = {}, {}
  for _, narrowing in ipairs(set.narrowedBy) do
    table.insert(names, narrowing.name)
    if narrowing.fault then
      table.insert(lines, ("To mend: %s: %s"):format(narrowing.name, narrowing.fault))
    end
  end
  local what = #set.accounts == 0 and "no account" or set.name
  table.insert(lines, 1, ("This Neovim may use %s, by %s"):format(what, table.concat(names, " and ")))
  return vim.list_extend(lines, set.warnings)
end

--- `:CodexAccounts`
function M.show_accounts()
  ask("workspace/executeCommand", { command = "openai-accounts" }, function(text)
    ask("accounts/list", {}, function(list)
      local lines = vim.list_extend(vim.split(text, "\n"), set_of(list))
      for _, account in ipairs(list.accounts) do
        for _, words in ipairs(pins_of(account.id, list.pins)) do
          table.insert(lines, ("Account %d (%s): %s"):format(account.index, account.label, words))
        end
      end
      window.show("OpenAI accounts", lines)
    end)
  end)
end

-- The sessions that a switch does not reach, in the words of `codex-account-manager switch`.
local function left_out(passed_over)
  local sessions = {}
  for _, over in ipairs(passed_over) do
    local folder = over.folder and " in " .. vim.fn.fnamemodify(over.folder, ":~") or ""
    local rule = over.rule ~= "" and ", by " .. over.rule or ""
    table.insert(sessions, (over.program or "process " .. over.pid) .. folder .. rule)
  end
  local stays = #sessions == 1 and "One session may not use it and stays"
    or ("%d sessions may not use it and stay"):format(#sessions)
  return (". %s: %s"):format(stays, table.concat(sessions, "; "))
end

local function pin(account, everywhere)
  local params = { account = account, scope = everywhere and "everywhere" or nil }
  ask("accounts/switch", params, function(result)
    local current = type(result.account) == "table" and result.account or {}
    state.chose(current.id)
    state.refresh(sidecar)
    if account == vim.NIL then
      messages.say("Automatic again; the current account is " .. (current.label or "none"))
    else
      local whom = everywhere and "every session " or "this session "
      local over = result.passedOver
      messages.say(("Switched %sto account %d (%s)%s"):format(
        over and "" or whom,
        current.index,
        current.label,
        over and left_out(over) or ""
      ))
    end
  end)
end

local function line_of(account, pins)
  local notes = { account.state == "ready" and "" or "  " .. (account.reason or account.state), account.active and "  *" or "" }
  for _, words in ipairs(pins_of(account.id, pins)) do
    table.insert(notes, "  " .. words)
  end
  return ("%d  %s%s"):format(account.index, account.label, table.concat(notes))
end

local function pick(everywhere)
  ask("accounts/list", {}, function(list)
    if #list.accounts == 0 then
      return messages.say("There is no account yet\nhint: `:CodexAccountsLogin`, or run `codex-account-manager add LABEL`", vim.log.levels.WARN)
    end
    local choices = vim.list_extend({}, list.accounts)
    -- The other choices are accounts.
    table.insert(choices, "Automatic")
    vim.ui.select(choices, {
      prompt = "OpenAI account" .. (everywhere and " for every session" or ""),
      format_item = function(choice)
        return type(choice) == "table" and line_of(choice, list.pins) or choice
      end,
    }, function(choice)
      if choice then
        pin(type(choice) == "table" and choice.id or vim.NIL, everywhere)
      end
    end)
  end)
end

--- `:CodexAccountsSwitch[!] [N|label]`
function M.switch(account, everywhere)
  if account == "" then
    pick(everywhere)
  else
    pin(account, everywhere)
  end
end

--- The labels that begin with what is typed. `lead` is its last word only, and a label may have several.
function M.complete_account(lead, line)
  if not state.accounts() then
    local done = false
    sidecar.start(function()
      done = true
    end)
    vim.wait(COMPLETION_PATIENCE, function()
      return done and (state.accounts() or not sidecar.session())
    end, 10)
  end
  local typed = (line:match("^%s*%S+%s+(.*)$") or lead):lower()
  local labels = {}
  for _, account in ipairs(state.accounts() or {}) do
    if account.label:lower():sub(1, #typed) == typed then
      table.insert(labels, account.label:sub(#typed - #lead + 1))
    end
  end
  return labels
end

local function label_of(account)
  return type(account) == "table" and account.label or "no account"
end

-- Such as `gpt-5.2: work, codex: personal`.
local function uses_of(session)
  local labels, uses = {}, {}
  for _, account in ipairs(state.accounts() or {}) do
    labels[account.id] = account.label
  end
  for family, id in pairs(session.accounts) do
    table.insert(uses, family .. ": " .. (labels[id] or id))
  end
  table.sort(uses)
  return #uses > 0 and ", uses " .. table.concat(uses, ", ") or ""
end

--- `:CodexAccountsStatus`
function M.show_status()
  ask("status/read", {}, function(status)
    local lines = {
      "Session     " .. status.session.id .. ", process " .. status.session.pid,
      "Started on  " .. label_of(status.session.startAccount),
      "Proxy       " .. status.proxy.baseUrl,
      "Strategy    " .. status.strategy,
      ("Accounts    %d, %d can serve"):format(status.accounts.total, status.accounts.available),
      "",
      ("Sessions (%d):"):format(#status.sessions),
    }
    for index, line in ipairs(set_of(status)) do
      table.insert(lines, 5 + index, line)
    end
    for _, session in ipairs(status.sessions) do
      table.insert(lines, ("%s %-8s process %d, port %d, started on %s%s"):format(
        session.self and "*" or " ",
        session.kind,
        session.pid,
        session.port,
        label_of(session.startAccount),
        uses_of(session)
      ))
      -- `opencode in /home/me/app`
      local serves = vim.trim((session.program or "") .. (session.folder and " in " .. session.folder or ""))
      if serves ~= "" then
        table.insert(lines, "    " .. serves)
      end
      for _, account in ipairs(state.accounts() or {}) do
        for _, words in ipairs(pins_of(account.id, session.pins)) do
          table.insert(lines, "    " .. words .. ": " .. account.label)
        end
      end
    end
    window.show("OpenAI session", lines)
  end)
end

return M
