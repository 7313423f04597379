-- The story that every client plays, with the Neovim plugin: what is asked, and what has to come of it. Sourced by
-- `nvim --headless --clean --cmd 'set runtimepath^=clients/neovim' -c 'luafile …'`, with the program in CAM_BINARY;
-- prints `story: done` and exits 0 when every step went as it has to.

local accounts = require("codex-account-manager")

local function wait_for(what, look)
  assert(vim.wait(30000, look, 5), "it did not come to this: " .. what)
end

local function ask(method, params)
  local done, problem, result = false, nil, nil
  accounts.request(method, params, function(...)
    done, problem, result = true, ...
  end)
  wait_for("an answer to " .. method, function()
    return done
  end)
  return problem, result
end

local function answer_of(method, params)
  local problem, result = ask(method, params)
  assert(not problem, method .. ": " .. vim.inspect(problem))
  return result
end

local function post_response(proxy)
  return vim.fn.system({
    "curl", "--silent", "--noproxy", "*", "--max-time", "30", "--output", "/dev/null", "--write-out", "%{http_code}",
    "--header", "Authorization: Bearer " .. proxy.apiKey, "--json", '{"model":"gpt-5.2","input":"say hi"}',
    proxy.baseUrl .. "/responses",
  })
end

local function story()
  local ready, finished
  accounts.on("proxy/ready", function(params)
    ready = params
  end)
  accounts.on("routing/didFinish", function(params)
    finished = params
  end)
  accounts.setup({})
  wait_for("`proxy/ready` and the accounts for the statusline", function()
    return ready and accounts.accounts()
  end)
  assert(#answer_of("accounts/list", {}).accounts == 3)
  local listing = answer_of("workspace/executeCommand", { command = "openai-accounts" })
  assert(vim.startswith(listing, "OpenAI Accounts (3):"), listing)
  assert(answer_of("accounts/switch", { account = 2 }).account.index == 2)
  local status = post_response(accounts.session().proxy)
  assert(status == "200", status)
  wait_for("`routing/didFinish`", function()
    return finished
  end)
  assert(finished.status == 200, vim.inspect(finished))
  local logged_in
  accounts.on("accounts/didLogin", function(params)
    logged_in = params
  end)
  local login = answer_of("accounts/login", { method = "device" })
  assert(login.userCode, vim.inspect(login))
  wait_for("`accounts/didLogin`", function()
    return logged_in
  end)
  assert(logged_in.loginId == login.loginId and logged_in.account, vim.inspect(logged_in))
  assert(answer_of("status/read", {}).accounts.total == 4)
  local said = answer_of("workspace/executeCommand", { command = "openai-accounts-switch", arguments = { "9" } })
  assert(said == "Invalid account number: 9\nValid range: 1-4", said)
  local pid = accounts.session().session.pid
  accounts.stop()
  wait_for("the sidecar has ended", function()
    return not vim.loop.kill(pid, 0)
  end)
end

local ok, problem = pcall(story)
if not ok then
  io.stderr:write(tostring(problem) .. "\n")
  vim.cmd("cquit 1")
end
io.stdout:write("story: done\n")
vim.cmd("qall!")
