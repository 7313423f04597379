// What a request says of its conversation.

import type { Hooks } from "./opencode.js";

/**
 * Names OpenCode's session, a subagent's its own, in the header by which a backend keeps a conversation's cache. OpenCode's
 * own plugin says the same where it is loaded.
 */
export const headers: NonNullable<Hooks["chat.headers"]> = async ({ sessionID, model }, output) => {
  if (model.providerID !== "openai") return;
  output.headers["session-id"] ??= sessionID;
  output.headers["originator"] ??= "opencode";
};
