//! The TypeScript client, installed from its packed archive into an empty project.
