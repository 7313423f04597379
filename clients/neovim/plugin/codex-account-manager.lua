-- The commands. Nothing else is loaded, and nothing is started, before the first of them or `setup`.

if vim.g.loaded_codex_account_manager then
  return
end
vim.g.loaded_codex_account_manager = true

if vim.fn.has("nvim-0.7") == 0 then
  vim.notify("codex-account-manager needs Neovim 0.7 or later", vim.log.levels.ERROR)
  return
end

local function command(name, description, options, run)
  options.desc = description
  vim.api.nvim_create_user_command(name, run, options)
end

command("CodexAccounts", "Show the OpenAI accounts", {}, function()
  require("codex-account-manager.commands").show_accounts()
end)

command("CodexAccountsStatus", "Show this session, its proxy and every other session", {}, function()
  require("codex-account-manager.commands").show_status()
end)

command("CodexAccountsLogin", "Log in with ChatGPT; with ! the existing accounts are moved aside", {
  nargs = "*",
  bang = true,
  complete = function(lead, line, cursor)
    return require("codex-account-manager.login").complete(lead, line:sub(1, cursor))
  end,
}, function(given)
  require("codex-account-manager.login").run(given.args, given.bang)
end)

command("CodexAccountsSwitch", "Switch this session to an OpenAI account; with ! every session", {
  nargs = "?",
  bang = true,
  complete = function(lead, line, cursor)
    return require("codex-account-manager.commands").complete_account(lead, line:sub(1, cursor))
  end,
}, function(given)
  require("codex-account-manager.commands").switch(given.args, given.bang)
end)
