-- OPENAI_BASE_URL and OPENAI_API_KEY of this Neovim, for `:terminal`, jobs and plugins. A port and a key are those of
-- one process: when it is gone, what stood there before stands there again.

local M = {}

-- The values that were there before; nil while nothing is changed. `false` stands for a variable that was not set.
local before

local function set(name, value)
  if before[name] == nil then
    before[name] = vim.env[name] or false
  end
  vim.env[name] = value
end

--- Points at the proxy of a session.
function M.point_at(proxy)
  M.put_back()
  before = {}
  set("OPENAI_BASE_URL", proxy.baseUrl)
  set("OPENAI_API_KEY", proxy.apiKey)
  -- Many HTTP clients send even loopback requests to the proxy that HTTP_PROXY names.
  for _, name in ipairs({ "NO_PROXY", "no_proxy" }) do
    local known = vim.env[name]
    set(name, (known and known ~= "") and known .. ",127.0.0.1,localhost" or "127.0.0.1,localhost")
  end
end

--- As it was before.
function M.put_back()
  for name, value in pairs(before or {}) do
    vim.env[name] = value or nil
  end
  before = nil
end

return M
