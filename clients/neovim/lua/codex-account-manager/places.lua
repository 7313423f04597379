-- Where the program is searched: PATH, then where people install programs. A Neovim that a desktop started often has a PATH
-- without these. The file system is an argument.

local M = {}

M.program = "codex-account-manager"

-- Folders after those of PATH; `~` is the home.
local unix = {
  "~/.cargo/bin",
  "~/.local/bin",
  "~/.npm-global/bin",
  "~/.nix-profile/bin",
  "~/.local/state/nix/profile/bin",
  "/nix/var/nix/profiles/default/bin",
  "/opt/homebrew/bin",
  "/usr/local/bin",
  "/home/linuxbrew/.linuxbrew/bin",
  "/snap/bin",
}
local windows = { "~\\.cargo\\bin", "~\\.local\\bin" }

-- Joins a folder and what is in it, as this system writes it.
local function join(folder, name, on_windows)
  if on_windows then
    return (folder:gsub("[/\\]+$", "") .. "\\" .. name:gsub("^[/\\]+", "")):gsub("/", "\\")
  end
  return folder:gsub("/+$", "") .. "/" .. name:gsub("^/+", "")
end

--- A path that a person wrote, with `~` as the home. The home of another person is not looked up.
function M.expanded(path, surroundings)
  local is_home = path == "~" or path:match("^~/") or (surroundings.windows and path:match("^~\\"))
  local home = surroundings.environment[surroundings.windows and "USERPROFILE" or "HOME"]
  if home == nil or home == "" then
    home = surroundings.home
  end
  if not is_home or not home then
    return path
  end
  return path == "~" and home or join(home, path:sub(3), surroundings.windows)
end

--- The program at this path, or nil. On Windows only an `.exe` can be started without a shell.
function M.program_at(path, surroundings)
  if surroundings.windows and not path:lower():match("%.exe$") then
    path = path .. ".exe"
  end
  return surroundings.is_program(path) and path or nil
end

--- The first program of that name in these folders, or nil.
function M.program_in(folders, name, surroundings)
  for _, folder in ipairs(folders) do
    local found = M.program_at(join(folder, name, surroundings.windows), surroundings)
    if found then
      return found
    end
  end
end

--- The folders of PATH. Empty and relative ones are the current folder, and so what somebody else may have put there.
function M.path_folders(surroundings)
  local value = ""
  for name, its in pairs(surroundings.environment) do
    if (surroundings.windows and name:upper() or name) == "PATH" then
      value = its
    end
  end
  return vim.tbl_filter(function(folder)
    if surroundings.windows then
      -- `\` is a folder of the current drive.
      return folder:match("^%a:[/\\]") or folder:match("^\\\\")
    end
    return folder:match("^/")
  end, vim.split(value, surroundings.windows and ";" or ":", { plain = true }))
end

--- The folders after those of PATH.
function M.usual_folders(surroundings)
  local folders = {}
  for _, folder in ipairs(surroundings.windows and windows or unix) do
    folder = M.expanded(folder, surroundings)
    if not folder:match("^~") then
      table.insert(folders, folder)
    end
  end
  return folders
end

return M
