-- Drives a server with Neovim's own LSP client and no plugin, and prints one JSON object per step. Sourced by
-- `nvim --headless --clean -c 'luafile …'`, with the server's command line as a JSON array in SERVER. Written for 0.7.

local function say(step, value)
  io.stdout:write(vim.fn.json_encode({ step = step, value = value }) .. "\n")
  io.stdout:flush()
end

local ready, exit_code
local ok, problem = pcall(function()
  local id = vim.lsp.start_client({
    name = "codex-account-manager",
    cmd = vim.fn.json_decode(vim.env.SERVER),
    handlers = {
      ["proxy/ready"] = function(_, params)
        ready = params
      end,
    },
    on_exit = function(code)
      exit_code = code
    end,
  })
  local client = assert(vim.lsp.get_client_by_id(id), "the server did not start")
  assert(vim.wait(20000, function() return ready ~= nil end, 5), "no `proxy/ready` came")
  say("proxy/ready", ready)
  say("capabilities", client.server_capabilities.experimental.codexAccountManager)

  local function ask(step, method, params)
    local answer = assert(client.request_sync(method, params, 20000, 0), "no answer to " .. method)
    assert(not answer.err, method .. ": " .. vim.inspect(answer.err))
    say(step, answer.result)
  end
  ask("accounts/list", "accounts/list", vim.empty_dict())
  ask("table", "workspace/executeCommand", { command = "openai-accounts" })
  ask("switch", "workspace/executeCommand", { command = "openai-accounts-switch", arguments = { 2 } })
  client.stop() -- `shutdown`, then `exit`.
  assert(vim.wait(20000, function() return exit_code ~= nil end, 5), "the server did not end")
  say("exit", exit_code)
end)
if not ok then
  io.stderr:write(tostring(problem) .. "\n")
  vim.cmd("cquit 1")
end
vim.cmd("qall!")
