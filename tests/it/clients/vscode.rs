//! The VS Code extension.
