#!/bin/sh
# Installs codex-account-manager @VERSION@ for the person who runs this, without root: the program, also as `cam`, its
# completions and its manual. What is downloaded is checked against the sums below, which came with this file.
#
#   CAM_INSTALL_DIR   where the program goes; ~/.local/bin
#   CAM_INSTALL_URL   where the archives are, for a mirror; @DOWNLOADS@
#
# It is undone by removing what it says that it installed.
# shellcheck disable=SC2016 # Backticks in a message are for the reader.
set -eu

name=codex-account-manager
version='@VERSION@'
# Triple and SHA-256 of each archive.
sums='
@SUMS@
'

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

triple() {
  case $(uname -m) in
    x86_64 | amd64) cpu=x86_64 ;;
    aarch64 | arm64) cpu=aarch64 ;;
    *) fail "there is no program for the processor $(uname -m)" 'build it: `cargo install codex-account-manager`' ;;
  esac
  case $(uname -s) in
    # The one for musl needs nothing of the system, so that it runs on every Linux; the one for glibc is faster.
    Linux) if is_glibc; then echo "$cpu-unknown-linux-gnu"; else echo "$cpu-unknown-linux-musl"; fi ;;
    Darwin)
      # A shell that Rosetta runs says x86_64.
      if [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ]; then cpu=aarch64; fi
      echo "$cpu-apple-darwin"
      ;;
    MINGW* | MSYS* | CYGWIN*) fail 'on Windows the program is installed by PowerShell' 'irm @LATEST@/install.ps1 | iex' ;;
    *) fail "there is no program for $(uname -s)" 'build it: `cargo install codex-account-manager`' ;;
  esac
}

# glibc 2.17 or later.
is_glibc() {
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || return 1
  minor=${libc#glibc 2.}
  case $minor in *[!0-9]* | '') return 1 ;; esac
  [ "$minor" -ge 17 ]
}

download() { # URL FILE
  if has curl; then
    curl -fsSL --retry 3 -o "$2" "$1"
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail 'neither `curl` nor `wget` is here' 'install one of them'
  fi || fail "cannot download $1" 'check the network, and `HTTPS_PROXY` where there is a proxy'
}

sum_of() { # FILE
  if has sha256sum; then
    sha256sum <"$1"
  elif has shasum; then
    shasum -a 256 <"$1"
  elif has openssl; then
    openssl dgst -sha256 -r <"$1"
  else
    fail 'nothing here computes SHA-256' 'install `sha256sum` (coreutils), `shasum` or `openssl`'
  fi
}

# All of it in a function: a download of this file that is cut off does nothing.
main() {
  triple=$(triple)
  wanted=$(printf '%s' "$sums" | sed -n "s/^$triple //p")
  [ -n "$wanted" ] || fail "this release has no program for $triple" 'build it: `cargo install codex-account-manager`'
  folder=${CAM_INSTALL_DIR:-${HOME:?is not set}/.local/bin}
  url=${CAM_INSTALL_URL:-@DOWNLOADS@}

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  stem=$name-$version-$triple
  download "$url/$stem.tar.gz" "$work/archive"
  found=$(sum_of "$work/archive" | cut -d ' ' -f 1)
  if [ "$found" != "$wanted" ]; then
    fail "$url/$stem.tar.gz is not what was released: its SHA-256 is $found, and $wanted was expected" \
      'nothing was installed; download it again'
  fi
  tar -xzf "$work/archive" -C "$work"

  mkdir -p "$folder"
  # Beside the old one and then in its place: a session that runs keeps its own.
  cp "$work/$stem/$name" "$folder/.$name.new"
  chmod 755 "$folder/.$name.new"
  mv -f "$folder/.$name.new" "$folder/$name"
  echo "Installed $folder/$name ($version)"
  other=$(command -v cam || true)
  # One of another program may stand in this folder too.
  if [ -e "$folder/cam" ] || [ -L "$folder/cam" ]; then other=$folder/cam; fi
  if [ -z "$other" ] || [ "$(readlink "$other")" = "$name" ]; then
    ln -sf "$name" "$folder/cam"
    echo "Installed $folder/cam, the same under a short name"
  else
    echo "The short name \`cam\` is left to $other"
  fi

  share=${XDG_DATA_HOME:-$HOME/.local/share}
  place "$work/$stem/man" "$share/man/man1" '*.1'
  place "$work/$stem/completions/bash" "$share/bash-completion/completions" "$name"
  place "$work/$stem/completions/fish" "$share/fish/vendor_completions.d" "$name.fish"

  case ":$PATH:" in
    *":$folder:"*) echo "Try it: $name demo" ;;
    *)
      echo "$folder is not in PATH. Add this line to ~/.profile, ~/.bashrc or ~/.zshrc:"
      echo "  export PATH=\"$folder:\$PATH\""
      ;;
  esac
}

place() { # FROM TO PATTERN
  mkdir -p "$2"
  # shellcheck disable=SC2086 # It is a pattern.
  (cd "$1" && cp $3 "$2/")
  echo "Installed $2/$3"
}

main
