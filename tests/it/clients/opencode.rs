//! The OpenCode plugin, in the real OpenCode.
