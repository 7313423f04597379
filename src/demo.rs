//! What `demo` shows: the whole product at work against an OpenAI that is simulated on this machine.

pub mod simulated_openai;
