-- `:checkhealth codex-account-manager`

local M = {}

local function check_program(report)
  report.start("codex-account-manager: program")
  local path, missing = require("codex-account-manager.binary").find()
  if not path then
    report.error(missing)
    return
  end
  local version = vim.trim(vim.fn.system({ path, "--version" }))
  if vim.v.shell_error ~= 0 then
    report.error("`" .. path .. " --version` failed: " .. version)
  else
    report.ok(version .. " at `" .. path .. "`")
  end
end

local function check_session(report)
  report.start("codex-account-manager: session")
  local session = require("codex-account-manager.sidecar").session()
  if not session then
    report.info("no sidecar runs; `:CodexAccountsStatus` starts one")
    return
  end
  report.ok(("process %d, proxy at %s"):format(session.session.pid, session.proxy.baseUrl))
  if vim.env.OPENAI_BASE_URL == session.proxy.baseUrl then
    report.ok("`OPENAI_BASE_URL` and `OPENAI_API_KEY` point at it")
  else
    report.info("`OPENAI_BASE_URL` does not point at it")
  end
end

local function check_accounts(report)
  report.start("codex-account-manager: accounts")
  local accounts = require("codex-account-manager.state").accounts()
  if not accounts then
    report.info("known only while a sidecar runs")
  elseif #accounts == 0 then
    report.warn("there is none; add one with `:CodexAccountsLogin` or `codex-account-manager add LABEL`")
  end
  for _, account in ipairs(accounts or {}) do
    local text = ("%d %s: %s"):format(account.index, account.label, account.reason or account.state)
    local say = account.state == "ready" and report.ok or report.warn
    say(text)
  end
end

function M.check()
  local report = require("codex-account-manager.editor").health()
  check_program(report)
  check_session(report)
  check_accounts(report)
end

return M
