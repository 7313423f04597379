-- Everything that is said to the person goes through here.

local M = {}

local title = "OpenAI accounts"

function M.say(text, level)
  vim.notify(text, level or vim.log.levels.INFO, { title = title })
end

--- A failed request or start, with what to do about it.
function M.problem(problem)
  local hint = type(problem.data) == "table" and problem.data.hint
  M.say(problem.message .. (hint and "\nhint: " .. hint or ""), vim.log.levels.ERROR)
end

return M
