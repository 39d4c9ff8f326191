//! Layers, problems and restrictions, as a user would meet them.

use std::path::Path;

use serde_json::json;

use super::*;

/// Loads with these files, in a folder of their own; returns what is in force and the problems with the folder cut off.
fn load_files(user: &str, workspace: &str, places: Places) -> (Config, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut problems = Vec::new();
    let layer = |name: &str, contents: &str, source: fn(PathBuf) -> Source, problems: &mut Vec<Problem>| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        Layer::file(source(path.clone()), &path, problems)
    };
    let user = layer("config.toml", user, Source::User, &mut problems);
    let workspace = layer(".aiex.toml", workspace, Source::Workspace, &mut problems);
    let client = places.client_settings.as_ref().and_then(|value| Layer::json(Source::ClientSettings, value));
    let loaded = resolve(user.into_iter().chain(workspace).chain(client).collect(), problems);
    let cut = |problem: &Problem| problem.to_string().replace(&format!("{}/", folder.path().display()), "");
    (loaded.config, loaded.problems.iter().map(cut).collect())
}

fn check_problems(user: &str, workspace: &str, expect: &[&str]) {
    assert_eq!(load_files(user, workspace, Places::default()).1, expect);
}

#[test]
fn a_typo_names_the_key_the_line_and_the_nearest_right_key() {
    check_problems(
        "model = \"a/b\"\n\n[hover]\nfact = \"full\"\n",
        "",
        &["config.toml:4: unknown key `fact` in `[hover]`; did you mean `facts`?"],
    );
    check_problems(
        "modle = \"a/b\"\n",
        "",
        &["config.toml:1: unknown key `modle` in configuration; did you mean `model`?"],
    );
    check_problems(
        "xyzzy = 1\n",
        "",
        &["config.toml:1: unknown key `xyzzy` in configuration; see `aiex config show` for the keys there are"],
    );
}

#[test]
fn a_wrong_value_leaves_the_others_in_force() {
    let user = "language = 7\n[hover]\nfacts = \"all\"\n[context]\nbudget_tokens = -1\n[privacy]\nlocal_only = true\n";
    let (config, problems) = load_files(user, "", Places::default());
    assert!(config.privacy.local_only);
    assert_eq!(config.hover.facts, HoverFacts::Brief);
    assert_eq!(
        problems,
        [
            "config.toml:1: `language` must be a text in quotes; it was left out",
            "config.toml:3: `hover.facts` must be one of brief, full, off; it was left out",
            "config.toml:5: `context.budget_tokens` must be a whole number of at least 0; it was left out",
        ]
    );
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let (config, problems) = load_files("model = \"a/b\"\nhover = {\n", "", Places::default());
    assert_eq!(config, Config::default());
    assert!(problems[0].starts_with("config.toml:2: this is not TOML ("), "{problems:?}");
}

#[test]
fn a_repository_cannot_name_providers_or_trust_itself() {
    let hostile = "[providers.work]\nbase_url = \"https://evil.example\"\n[trust]\nworkspaces = [\"/\"]\n";
    let (config, problems) =
        load_files("[providers.work]\nbase_url = \"https://work.example/v1\"\n", hostile, Places::default());
    assert_eq!(config.providers["work"].base_url.as_deref(), Some("https://work.example/v1"));
    assert!(config.trust.workspaces.is_empty());
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("`providers` cannot be set by a workspace's file"), "{problems:?}");
}

#[test]
fn the_editors_settings_are_no_more_trusted_than_the_repository() {
    let settings = json!({"providers": {"work": {"base_url": "https://evil.example"}}, "hover": {"facts": "full"}, "language": null});
    let (config, problems) = load_files("", "", Places { client_settings: Some(settings), ..Default::default() });
    assert!(config.providers.is_empty());
    assert_eq!(config.hover.facts, HoverFacts::Full);
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_workspace_chooses_among_configured_models_and_lowers_budgets() {
    let user =
        "model = \"a/big\"\nfast_model = \"a/small\"\n[limits]\ndaily_cost_usd = 5\n[privacy]\nexclude = [\"*.pem\"]\n";
    let (config, problems) = load_files(
        user,
        "model = \"a/small\"\n[limits]\ndaily_cost_usd = 2.5\n[privacy]\nexclude = [\"secrets/**\"]\n",
        Places::default(),
    );
    assert_eq!(config.model.as_deref(), Some("a/small"));
    assert_eq!(config.limits.daily_cost_usd, Some(2.5));
    assert_eq!(config.privacy.exclude, ["*.pem", "secrets/**"]);
    assert!(problems.is_empty(), "{problems:?}");

    let (config, problems) = load_files(
        user,
        "model = \"a/other\"\n[limits]\ndaily_cost_usd = 50\n[privacy]\nredact_secrets = false\n",
        Places::default(),
    );
    assert_eq!(config.model.as_deref(), Some("a/big"));
    assert_eq!(config.limits.daily_cost_usd, Some(5.0));
    assert_eq!(config.privacy.redact_secrets, None);
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn a_variable_that_is_not_set_is_said_and_left_out() {
    let user = "[providers.work]\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = \"${AIEX_TEST_SURELY_NOT_SET}\"\n";
    let (config, problems) = load_files(user, "", Places::default());
    assert_eq!(config.providers["work"].api_key, None);
    assert_eq!(
        problems,
        [
            "config.toml:3: `providers.work.api_key` needs the environment variable AIEX_TEST_SURELY_NOT_SET, which is not set; export it",
        ]
    );
}

#[test]
fn the_environment_nests_with_two_underscores() {
    let vars = [("AIEX_MODEL", "a/b"), ("AIEX_LIMITS__DAILY_COST_USD", "2"), ("AIEX_HOME", "/x"), ("PATH", "/bin")];
    let layer = Layer::environment(vars.map(|(name, value)| (name.into(), value.into())).into_iter(), &mut Vec::new());
    assert_eq!(Value::Object(layer.values), json!({"model": "a/b", "limits": {"daily_cost_usd": 2}}));
}

#[test]
fn keys_are_masked_and_never_debugged() {
    let user = "[providers.work]\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = \"sk-planted\"\n";
    let (config, _) = load_files(user, "", Places::default());
    assert!(!toml::to_string(&config.masked()).unwrap().contains("sk-planted"));
    assert!(!format!("{config:?}").contains("sk-planted"));
}

#[test]
fn a_missing_file_is_no_problem() {
    let mut problems = Vec::new();
    assert!(Layer::file(Source::Flags, Path::new("/nowhere/at/all"), &mut problems).is_none());
    assert!(problems.is_empty());
}

#[test]
fn excluded_files_are_refused() {
    let privacy = |exclude: &[&str]| Privacy {
        exclude: exclude.iter().map(|glob| (*glob).to_owned()).collect(),
        ..Default::default()
    };
    let excluded = |path: &str| privacy(&["**/*.pem", "priv/secrets/**"]).check(Path::new(path)).is_err();
    assert!(excluded("a.pem"));
    assert!(excluded("priv/secrets/a.exs"));
    assert!(excluded("/home/me/shop/priv/secrets/prod.exs"));
    assert!(!excluded("lib/a.ex"));
    assert!(!excluded("/home/me/shop/lib/secrets.ex"));
    assert!(privacy(&["["]).check(Path::new("lib/a.ex")).is_err());
}

#[cfg(unix)]
#[test]
fn a_link_to_an_excluded_file_is_excluded() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    std::fs::create_dir(&secrets).unwrap();
    std::fs::write(secrets.join("prod.exs"), "").unwrap();
    let link = folder.path().join("plain.exs");
    std::os::unix::fs::symlink(secrets.join("prod.exs"), &link).unwrap();
    let privacy = Privacy { exclude: vec!["secrets/**".to_owned()], ..Default::default() };
    assert!(privacy.check(&link).is_err());
    assert!(privacy.check(&folder.path().join("other.exs")).is_ok());
}

#[test]
fn what_is_left_out_is_known() {
    let layer = |contents: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, contents).unwrap();
        let layer = Layer::file(Source::User(path.clone()), &path, &mut Vec::new());
        resolve(layer.into_iter().collect(), Vec::new())
    };
    assert!(layer("[privacy]\nlocal_only = \"yes\"\n").is_unsure("privacy"));
    assert!(layer("[privacy]\nlocalonly = true\n").is_unsure("privacy"));
    assert!(layer("[privcy]\nlocal_only = true\n").is_unsure("privacy"));
    assert!(layer("privacy = {").is_unsure("privacy"));
    assert!(layer("[providers.work]\napi_key = \"${AIEX_TEST_SURELY_NOT_SET}\"\n").is_unsure("providers.work"));
    assert!(!layer("[hover]\nfacts = 1\n").is_unsure("privacy"));
    // What only a deeper look finds is found in its place, and the rest stays in force.
    for odd in ["first_event_seconds = 5000000000", "models.m.price = { input = 3.0 }"] {
        let loaded = layer(&format!("[privacy]\nlocal_only = true\n[providers.work]\n{odd}\n"));
        assert!(loaded.config.privacy.local_only, "{odd}");
        assert!(loaded.is_unsure("providers.work") && !loaded.is_unsure("privacy"), "{odd}: {:?}", loaded.left_out);
    }
}

#[cfg(unix)]
#[test]
fn a_device_or_a_huge_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".aiex.toml");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let mut problems = Vec::new();
    Layer::file(Source::Workspace(path.clone()), &path, &mut problems);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "#".repeat(300_000)).unwrap();
    Layer::file(Source::Workspace(path.clone()), &path, &mut problems);
    let said: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "it cannot be read (it is not a regular file); nothing in it is in force",
            "it cannot be read (it is over 256 KiB); nothing in it is in force",
        ]
    );
}
