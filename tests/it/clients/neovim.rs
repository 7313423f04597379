//! The Neovim plugin, in a headless Neovim.
