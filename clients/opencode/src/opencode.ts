// The part of OpenCode's plugin interface that is used here, as `@opencode-ai/plugin` declares it.

export interface PluginInput {
  client: OpenCodeClient;
  /** The project's folder. One process of OpenCode may have several, each with its own plugin. */
  directory: string;
}

export interface OpenCodeClient {
  tui: { showToast(options: { body: Toast }): Promise<unknown> };
  app: { log(options: { body: LogEntry }): Promise<unknown> };
}

export interface Toast {
  title?: string;
  message: string;
  variant: "info" | "success" | "warning" | "error";
  duration?: number;
}

export interface LogEntry {
  service: string;
  level: "debug" | "info" | "warn" | "error";
  message: string;
}

export interface Hooks {
  event?(input: { event: { type: string } }): Promise<void>;
  config?(config: Config): Promise<void>;
  tool?: Record<string, Tool>;
  auth?: AuthHook;
  provider?: ProviderHook;
  "chat.headers"?(input: ChatInput, output: { headers: Record<string, string> }): Promise<void>;
  "experimental.provider.small_model"?(input: { provider: Provider }, output: { model?: Model }): Promise<void>;
  dispose?(): Promise<void>;
}

export interface Config {
  model?: string;
  disabled_providers?: string[];
  enabled_providers?: string[];
  provider?: Record<string, ProviderConfig>;
}

export interface ProviderConfig {
  env?: string[];
  options?: Record<string, unknown>;
  whitelist?: string[];
  blacklist?: string[];
}

export interface ProviderHook {
  id: string;
  models(provider: Provider, context: { auth?: { type: string } }): Promise<Record<string, Model>>;
}

export interface Provider {
  id: string;
  models: Record<string, Model>;
}

export interface Model {
  id: string;
  providerID: string;
  api: { id: string; url: string; npm: string };
  name: string;
  family?: string;
  status: "alpha" | "beta" | "deprecated" | "active";
  capabilities: {
    temperature: boolean;
    reasoning: boolean;
    attachment: boolean;
    toolcall: boolean;
    input: Modalities;
    output: Modalities;
    interleaved: boolean | { field: string };
  };
  cost: Cost;
  limit: { context: number; input?: number; output: number };
  options: Record<string, unknown>;
  headers: Record<string, string>;
  release_date: string;
  variants?: Record<string, Record<string, unknown>>;
}

export interface Modalities {
  text: boolean;
  audio: boolean;
  image: boolean;
  video: boolean;
  pdf: boolean;
}

/** In USD per million tokens. */
export interface Cost extends Rates {
  tiers?: (Rates & { tier: { type: "context"; size: number } })[];
}

export interface Rates {
  input: number;
  output: number;
  cache: { read: number; write: number };
}

export interface ChatInput {
  sessionID: string;
  model: { providerID: string };
}

export interface Tool {
  description: string;
  /** JSON Schema of each argument. */
  args: Record<string, unknown>;
  execute(args: Record<string, unknown>, context: { abort?: AbortSignal }): Promise<string>;
}

export interface AuthHook {
  provider: string;
  readonly methods: AuthMethod[];
}

export interface AuthMethod {
  type: "oauth";
  label: string;
  readonly prompts: Prompt[];
  authorize(inputs?: Record<string, string>): Promise<Authorization>;
}

export type Prompt =
  | { type: "select"; key: string; message: string; options: { label: string; value: string; hint?: string }[] }
  | {
      type: "text";
      key: string;
      message: string;
      placeholder?: string;
      validate?: (value: string) => string | undefined;
    };

export interface Authorization {
  url: string;
  instructions: string;
  method: "auto";
  callback(): Promise<{ type: "success" }>;
}
