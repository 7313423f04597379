//! The real Codex as `run` starts it: with the tools it has without us, and nothing of its own changed.

use std::time::Duration;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Answer, ToolCall};

use crate::support::Running;
use crate::support::logins::Logins;
use crate::support::sandbox::Output;
use crate::support::tools::{self, DEAD_PROXY};

/// A model whose tools are called by scripts.
const LITE: &str = "gpt-6-sol";

const SAID: &str = "It is done.";

fn by_run(logins: &Logins, program: &str) -> Output {
    let model = format!("model={LITE}");
    let words = [program, "exec", "--skip-git-repo-check", "-c", model.as_str(), "use your tool"];
    let mut command = tools::through_run(&logins.sandbox, &words);
    command.env("HTTP_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

/// What Codex sent to the model, oldest first.
fn bodies(logins: &Logins) -> Vec<Value> {
    let sent = logins.upstream.requests_of("/backend-api/codex/responses");
    sent.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

/// The tools that scripts may call, of which the model is told in words.
fn offered(body: &Value) -> [bool; 2] {
    let items = body["input"].as_array().unwrap();
    let tools = items.iter().find(|item| item["type"] == "additional_tools").expect("it is a lite request").to_string();
    ["web__run", "image_gen__imagegen"].map(|name| tools.contains(name))
}

/// Puts a login, or a key, where Codex has its own; the file's text.
fn sign_codex_in(logins: &Logins, file: &Value) -> String {
    let folder = logins.sandbox.path(".codex");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("auth.json"), file.to_string()).unwrap();
    std::fs::write(folder.join("config.toml"), "# mine\nmodel = \"gpt-5.2\"\n").unwrap();
    file.to_string()
}

fn login_of_its_own(logins: &Logins) -> Value {
    let tokens = logins.upstream.tokens(logins.accounts[1]);
    json!({"auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2099-01-01T00:00:00Z", "tokens": {
        "id_token": tokens.id_token, "access_token": tokens.access_token, "refresh_token": "rt-own",
        "account_id": "workspace-2"}})
}

#[test]
fn codex_keeps_its_web_search_and_with_a_login_of_its_own_its_images() {
    let Some(program) = tools::codex() else { return };
    for (has_login, expected) in [(false, [true, false]), (true, [true, true])] {
        let logins = Logins::new(2);
        logins.upstream.always(logins.accounts[0], Some(Answer::Say(SAID.to_owned())));
        let file = if has_login { login_of_its_own(&logins) } else { json!({"OPENAI_API_KEY": "sk-own"}) };
        let file = sign_codex_in(&logins, &file);
        let output = by_run(&logins, &program);
        assert_eq!((output.code, output.stdout.trim()), (0, SAID), "{output:?}");
        assert_eq!(offered(&bodies(&logins)[0]), expected, "its own login: {has_login}");
        let folder = logins.sandbox.path(".codex");
        assert_eq!(std::fs::read_to_string(folder.join("auth.json")).unwrap(), file);
        let config = std::fs::read_to_string(folder.join("config.toml")).unwrap();
        assert!(config.starts_with("# mine\nmodel = \"gpt-5.2\"\n") && !config.contains("model_providers"), "{config}");
        // Its own token stays with it: what came here came with an account of ours.
        assert!(logins.upstream.requests().iter().all(|request| request.account == Some(logins.accounts[0])));
    }
}

/// Has the model call a script that searches the web and then draws.
fn search_and_draw() -> Answer {
    let script = "const found = await tools.web__run({search_query: [{q: 'rust'}]}); text(JSON.stringify(found));\n\
                  await tools.image_gen__imagegen({prompt: 'a cat'}); text('drawn-' + (40 + 2));";
    Answer::CallTools(vec![ToolCall { name: "exec".to_owned(), arguments: script.to_owned() }])
}

/// The 1-based numbers of the accounts that were asked for this.
fn asked_for(logins: &Logins, path: &str) -> Vec<usize> {
    let asked = logins.upstream.requests_of(&format!("/backend-api/codex/{path}"));
    let number = |account| logins.accounts.iter().position(|known| Some(*known) == account).unwrap() + 1;
    asked.iter().map(|request| number(request.account)).collect()
}

#[test]
fn codex_searches_the_web_and_draws_with_accounts_of_ours_through_a_failover() {
    let Some(program) = tools::codex() else { return };
    let limit = || Answer::UsageLimit { status: 429, resets_in: Duration::from_secs(3_600) };
    let say = || Answer::Say(SAID.to_owned());
    for (answers, responses, searches, images) in [
        (vec![search_and_draw(), say(), say(), say()], vec![1, 1], vec![1], vec![1]),
        // The plan is used up when the search is asked for.
        (vec![search_and_draw(), limit()], vec![1, 2], vec![1, 2], vec![2]),
        // When the image is.
        (vec![search_and_draw(), say(), limit()], vec![1, 2], vec![1], vec![1, 2]),
        // When the conversation goes on.
        (vec![search_and_draw(), say(), say(), limit()], vec![1, 1, 2], vec![1], vec![1]),
    ] {
        let logins = Logins::new(2);
        sign_codex_in(&logins, &login_of_its_own(&logins));
        for answer in answers.clone() {
            logins.upstream.script(logins.accounts[0], answer);
        }
        logins.upstream.always(logins.accounts[1], Some(say()));
        let output = by_run(&logins, &program);
        assert_eq!((output.code, output.stdout.trim()), (0, SAID), "{answers:?} {output:?}");
        assert_eq!(logins.served_by(), responses, "{answers:?}");
        assert_eq!(asked_for(&logins, "alpha/search"), searches, "{answers:?}");
        assert_eq!(asked_for(&logins, "images/generations"), images, "{answers:?}");
        let last = bodies(&logins).pop().unwrap();
        assert!(last.to_string().contains("drawn-42"), "{last}");
    }
}
