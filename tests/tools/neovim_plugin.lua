-- Drives the Neovim plugin through the scenario that SCENARIO names and prints one JSON object per step. Sourced by
-- `nvim --headless --clean --cmd 'set runtimepath^=clients/neovim' -c 'luafile …'`. Written for 0.7.

local accounts = require("codex-account-manager")

local function say(step, value)
  io.stdout:write(vim.fn.json_encode({ step = step, value = value }) .. "\n")
  io.stdout:flush()
end

local function wait_for(what, look)
  local found
  local done = vim.wait(30000, function()
    found = look()
    return found
  end, 5)
  assert(done, "it did not come to this: " .. what)
  return found
end

local told = {}
vim.notify = function(text, level)
  table.insert(told, { text = text, level = level })
end

-- Waits for a message with this text in it.
local function message(part)
  return wait_for("a message with `" .. part .. "`", function()
    for _, each in ipairs(told) do
      if each.text:find(part, 1, true) then
        return each.text
      end
    end
  end)
end

-- Runs a command that opens a window, and closes it with its key.
local function shown_by(command)
  vim.cmd(command)
  wait_for("a window of " .. command, function()
    return vim.bo.filetype == "codex-accounts"
  end)
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  assert(not vim.bo.modifiable, "it can be read only")
  vim.api.nvim_feedkeys("q", "x", false)
  assert(vim.bo.filetype ~= "codex-accounts", "`q` closes it")
  return text
end

local function wait_for_accounts()
  wait_for("the accounts are known", accounts.accounts)
end

local function environment()
  return { url = vim.env.OPENAI_BASE_URL or "", key = vim.env.OPENAI_API_KEY or "" }
end

-- Answers the next picker with the choice whose line has `part` in it.
local function pick(part)
  vim.ui.select = function(choices, options, chosen)
    local lines = vim.tbl_map(options.format_item, choices)
    say("choices", lines)
    for index, line in ipairs(lines) do
      if part and line:find(part, 1, true) then
        return chosen(choices[index], index)
      end
    end
    chosen(nil)
  end
end

local scenarios = {}

function scenarios.handlers()
  vim.o.wildignore = "*"
  accounts.setup({})
  wait_for_accounts()
  local id = accounts.session().session.id
  accounts.on("session/began", function()
    error("a handler that fails")
  end)
  -- It cannot be answered before the end.
  vim.loop.kill(accounts.session().session.pid, 19)
  accounts.request("accounts/list", {}, function()
    error("a callback that fails")
  end)
  vim.loop.kill(accounts.session().session.pid, 9)
  message("a callback that fails")
  wait_for("it runs again", function()
    return accounts.session() and accounts.session().session.id ~= id
  end)
  message("a handler that fails")
  accounts.stop()
  local trap = vim.fn.tempname()
  local binary = require("codex-account-manager.binary")
  accounts.setup({ start = "lazy", binary = "`touch " .. trap .. "`" })
  say("backticks", { path = binary.find() or "", ran = vim.fn.filereadable(trap) })
  local folder = vim.fn.tempname() .. "/a [b] {c} d"
  vim.fn.mkdir(folder, "p")
  vim.loop.fs_symlink(vim.env.CAM_BINARY, folder .. "/cam")
  accounts.setup({ start = "lazy", binary = folder .. "/cam" })
  say("brackets", binary.find() == folder .. "/cam")
end

function scenarios.commands()
  say("loaded", { session = accounts.session() ~= nil, statusline = accounts.statusline() })
  accounts.setup({})
  wait_for_accounts()
  -- As the README says it.
  local line = "%{v:lua.require'codex-account-manager'.statusline()}"
  say("statusline", vim.api.nvim_eval_statusline(line, {}).str)
  say("environment", environment().url == accounts.session().proxy.baseUrl)
  say("table", shown_by("CodexAccounts"))
  vim.cmd("CodexAccountsSwitch 2")
  say("switched by number", message("account 2"))
  vim.cmd("CodexAccountsSwitch ACCOUNT-3")
  say("switched by label", message("account 3"))
  say("statusline after", accounts.statusline())
  pick("account-1")
  vim.cmd("CodexAccountsSwitch!")
  say("switched by picker", message("every session"))
  pick("Automatic")
  vim.cmd("CodexAccountsSwitch")
  say("automatic", message("Automatic"))
  vim.cmd("CodexAccountsSwitch nobody")
  say("refused", message("nobody"))
  say("completion", vim.fn.getcompletion("CodexAccountsSwitch Account-", "cmdline"))
  say("status", shown_by("CodexAccountsStatus"))
  vim.cmd("edit a.txt")
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { "text" })
  say("attached", vim.tbl_count(vim.lsp.buf_get_clients(0)))
  vim.cmd("checkhealth codex-account-manager")
  say("health", table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"))
  accounts.stop()
  say("stopped", { statusline = accounts.statusline(), environment = environment() })
  pick(nil)
  vim.cmd("CodexAccountsSwitch")
  local pid = wait_for("it starts again by itself", accounts.session).session.pid
  accounts.stop()
  wait_for("it ends", function()
    return not vim.loop.kill(pid, 0)
  end)
end

-- Begins a login by a code and tells the code; the text of its window, and the window's buffer.
local function begin_login(command, step)
  vim.cmd(command)
  local text = wait_for("the code of " .. command, function()
    local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
    return text:find("enter the code", 1, true) and text
  end)
  say(step, text:match("%w%w%w%w%-%w%w%w%w%w"))
  return text, vim.api.nvim_get_current_buf()
end

function scenarios.login()
  accounts.setup({})
  wait_for_accounts()
  vim.cmd("CodexAccountsLogin browser")
  wait_for("it waits for the browser", function()
    return vim.bo.filetype == "codex-accounts"
  end)
  -- Whoever begins anew has given up what was before.
  pick("code")
  local shown, buffer = begin_login("CodexAccountsLogin", "first code")
  say("shown", shown)
  say("first", message("first@example.com"))
  say("window", vim.api.nvim_buf_is_valid(buffer))
  -- The server has the page opened.
  vim.cmd("CodexAccountsLogin browser by browser")
  say("second", message("by browser"))
  begin_login("CodexAccountsLogin device", "left code")
  vim.cmd("CodexAccountsLogin cancel")
  message("given up")
  vim.cmd("CodexAccountsLogin cancel")
  message("No login is under way")
  begin_login("CodexAccountsLogin! device", "third code")
  say("third", message("third@example.com"))
  begin_login("CodexAccountsLogin device", "denied code")
  say("denied", message("denied"))
  begin_login("CodexAccountsLogin device", "lost code")
  vim.loop.kill(accounts.session().session.pid, 9)
  say("lost", message("begin the login again"))
  vim.cmd("CodexAccountsLogin paper")
  say("no way", message("no way to log in"))
  say("ways", vim.fn.getcompletion("CodexAccountsLogin ", "cmdline"))
end

-- A server whose logins cannot be cancelled any more: `exchanges` of `strange_server.py`.
function scenarios.exchange()
  local function begin(command)
    vim.cmd(command)
    wait_for("it shows its page", function()
      return vim.bo.filetype == "codex-accounts"
    end)
  end
  local function count(part)
    return #vim.tbl_filter(function(each)
      return each.text:find(part, 1, true)
    end, told)
  end
  accounts.setup({ restarts = 0 })
  begin("CodexAccountsLogin browser")
  vim.cmd("CodexAccountsLogin cancel")
  say("came all the same", message("Logged in"))
  begin("CodexAccountsLogin browser")
  begin("CodexAccountsLogin device")
  local logins
  accounts.request("logins", {}, function(_, result)
    logins = result
  end)
  wait_for("they are counted", function()
    return logins
  end)
  say("logins", logins)
  say("came", count("Logged in"))
  vim.cmd("CodexAccountsLogin cancel")
  say("lost", message("begin the login again"))
  say("given up", count("given up"))
end

function scenarios.lazy()
  accounts.setup({ start = "lazy", environment = false })
  say("before", accounts.session() ~= nil)
  say("completion", vim.fn.getcompletion("CodexAccountsSwitch ", "cmdline"))
  say("environment", environment())
end

function scenarios.crash()
  accounts.setup({ restarts = 2 })
  for _ = 1, 2 do
    wait_for_accounts()
    local old = accounts.session()
    assert(environment().url == old.proxy.baseUrl)
    vim.loop.kill(old.session.pid, "sigstop")
    local answer
    accounts.request("accounts/list", {}, function(problem)
      answer = problem
    end)
    vim.loop.kill(old.session.pid, "sigkill")
    wait_for("the request is rejected", function()
      return answer
    end)
    say("pending", answer.message)
    say("meanwhile", { session = accounts.session() ~= nil, environment = environment(), statusline = accounts.statusline() })
    wait_for_accounts()
    local new = accounts.session()
    say("other", { new.session.pid ~= old.session.pid, new.proxy.apiKey ~= old.proxy.apiKey })
    say("environment", environment().url == new.proxy.baseUrl and environment().key == new.proxy.apiKey)
  end
  vim.loop.kill(accounts.session().session.pid, "sigkill")
  say("given up", message("not started again"))
  say("by hand", shown_by("CodexAccounts"))
end

-- A program that cannot be used: the file `pid` has its process.
function scenarios.unusable()
  local defer = vim.defer_fn
  vim.defer_fn = function(callback, pause)
    return defer(callback, pause / 10)
  end
  accounts.setup({})
  say("message", message("hint"))
  wait_for("it is ended", function()
    return not vim.loop.kill(tonumber(vim.fn.readfile("pid")[1]), 0)
  end)
  accounts.request("accounts/list", {}, function()
    error("on purpose")
  end)
  local second
  accounts.request("accounts/list", {}, function(problem)
    second = problem
  end)
  wait_for("the second is answered, too", function()
    return second
  end)
  say("second", second.message)
  vim.wait(200)
  say("told", vim.tbl_map(function(each)
    return each.text
  end, told))
end

-- Neovim has forgotten the client, and the plugin does not know it yet.
function scenarios.gap()
  accounts.setup({})
  wait_for_accounts()
  local pid, id = accounts.session().session.pid, nil
  for _, client in pairs(vim.lsp.get_active_clients()) do
    id = client.id
  end
  vim.loop.kill(pid, "sigstop")
  local answers = {}
  accounts.request("accounts/list", {}, function()
    error("on purpose")
  end)
  accounts.request("accounts/list", {}, function(problem)
    answers.second = problem.message
  end)
  vim.loop.kill(pid, "sigkill")
  wait_for("the client is gone", function()
    return not vim.lsp.get_client_by_id(id)
  end)
  say("not known yet", accounts.session() ~= nil)
  accounts.request("accounts/list", {}, function(problem)
    answers.third = problem.message
  end)
  wait_for("the others are answered", function()
    return answers.second and answers.third
  end)
  say("answers", answers)
  say("failed", message("on purpose"))
  wait_for_accounts()
end

function scenarios.cancel()
  accounts.setup({})
  wait_for_accounts()
  local pid, answered = accounts.session().session.pid, 0
  vim.loop.kill(pid, "sigstop")
  local cancel = accounts.request("accounts/list", {}, function()
    answered = answered + 1
  end)
  cancel()
  vim.loop.kill(pid, "sigcont")
  local after
  accounts.request("accounts/list", {}, function(_, result)
    after = #result.accounts
  end)
  wait_for("the next one is answered", function()
    return after
  end)
  say("answered", answered)
  say("afterwards", after)
end

-- What may be used, once it is this.
local function set_is(expected)
  local name
  wait_for("the set is " .. expected, function()
    accounts.request("accounts/list", {}, function(_, list)
      name = list and (list.accountSet and list.accountSet.name or "all")
    end)
    vim.wait(50)
    return name == expected
  end)
  return name
end

function scenarios.folders()
  vim.fn.mkdir("company", "p")
  vim.fn.mkdir("private")
  accounts.setup({})
  wait_for_accounts()
  say("at first", set_is("all"))
  vim.cmd("cd company")
  say("inside", set_is("account-1"))
  vim.cmd("new | lcd ../private")
  vim.wait(200)
  say("a window elsewhere", set_is("account-1"))
  vim.cmd("wincmd p | cd ../private")
  say("outside", set_is("all"))
  vim.cmd("CodexAccountsSwitch! 2")
  say("switched everywhere", message("account 2"))
  vim.cmd("tabnew | tcd ../company")
  say("a tab page", set_is("account-1"))
  vim.cmd("tabclose")
  say("without it", set_is("all"))
end

function scenarios.missing()
  vim.cmd("CodexAccounts")
  say("message", message("hint"))
  vim.cmd("checkhealth codex-account-manager")
  say("health", table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"))
end

function scenarios.locked()
  accounts.setup({})
  say("message", message("locked"))
end

function scenarios.wait_to_be_ended()
  accounts.setup({})
  wait_for_accounts()
  say("sidecar", accounts.session().session.pid)
  wait_for("the file `quit`, or a signal", function()
    return vim.fn.filereadable("quit") == 1
  end)
end

local ok, problem = pcall(scenarios[vim.env.SCENARIO])
if not ok then
  io.stderr:write(tostring(problem) .. "\n" .. vim.inspect(told) .. "\n")
  vim.cmd("cquit 1")
end
vim.cmd("qall!")
