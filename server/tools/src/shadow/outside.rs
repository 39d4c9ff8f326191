//! Path dependencies that lie outside of a project: they are not copied, so it cannot be built without them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};
use tree_sitter::{Node, Parser};

use super::scan::Source;
use crate::project::{BuildTool, normal};

/// A dependency that is named by a path to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outside {
    pub name: String,
    /// As it is written.
    pub path: String,
    /// The file that names it, relative to the project's root, with `/`.
    pub manifest: String,
}

/// The first one that the files of a project name.
pub(super) fn outside(tool: BuildTool, source: &Source) -> Option<Outside> {
    let manifests = source.files.keys().filter(|name| name.rsplit('/').next() == Some(tool.manifest()));
    let mut foreign: Vec<PathBuf> = Vec::new();
    for manifest in manifests {
        let file = source.root.join(manifest);
        let folder = file.parent().unwrap_or(&source.root);
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if foreign.iter().any(|other| folder.starts_with(other)) {
            continue;
        }
        let named = match tool {
            BuildTool::Cargo => {
                let table = text.parse::<Table>().unwrap_or_default();
                if let Some(workspace) = table.get("workspace") {
                    if folder != source.root {
                        // Another workspace, as fixtures are: it is no part of this one's build.
                        foreign.push(folder.to_owned());
                        continue;
                    }
                    let excluded = workspace.get("exclude").and_then(Value::as_array).into_iter().flatten();
                    foreign.extend(excluded.filter_map(Value::as_str).map(|path| normal(&folder.join(path))));
                }
                cargo_paths(&table)
            }
            BuildTool::Mix => mix_paths(&text),
        };
        if let Some((name, path)) = named.into_iter().find(|(_, path)| leads_out(folder, path, source)) {
            return Some(Outside { name, path, manifest: manifest.clone() });
        }
    }
    // `paths` and `[patch]` of cargo's own configuration.
    let config = (tool == BuildTool::Cargo).then(|| config(&source.root)).flatten();
    let (manifest, table) = config?;
    let list = table.get("paths").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let overrides = list.map(|path| (path.to_owned(), path.to_owned()));
    let mut patches = Vec::new();
    sources(&table, &mut patches);
    let (name, path) = overrides.chain(patches).find(|(_, path)| leads_out(&source.root, path, source))?;
    Some(Outside { name, path, manifest: manifest.to_owned() })
}

/// Whether a path in a manifest leads out of a copy: an absolute one does, since there it names the project itself.
fn leads_out(folder: &Path, path: &str, source: &Source) -> bool {
    Path::new(path).is_absolute() || !normal(&folder.join(path)).starts_with(&source.root)
}

/// The configuration that cargo reads in a project's root.
pub(super) fn config(root: &Path) -> Option<(&'static str, Table)> {
    [".cargo/config.toml", ".cargo/config"].into_iter().find_map(|name| {
        let table = fs::read_to_string(root.join(name)).ok()?.parse::<Table>().ok()?;
        Some((name, table))
    })
}

/// The folders of sources that stand for a registry (`cargo vendor`) in a project, relative to its root.
pub(super) fn vendored(root: &Path) -> Vec<PathBuf> {
    let table = config(root).map(|(_, table)| table).unwrap_or_default();
    let sources = table.get("source").and_then(Value::as_table).into_iter().flatten();
    let folders = sources.filter_map(|(_, source)| source.get("directory")?.as_str());
    let inside = folders.map(|folder| normal(&root.join(folder)));
    inside.filter_map(|folder| folder.strip_prefix(root).ok().map(Path::to_owned)).collect()
}

/// Names and paths of the dependencies in a `Cargo.toml`, and the members that its workspace names.
fn cargo_paths(table: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    dependencies(table, &mut found);
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    for target in targets.filter_map(|(_, target)| target.as_table()) {
        dependencies(target, &mut found);
    }
    if let Some(workspace) = table.get("workspace").and_then(Value::as_table) {
        dependencies(workspace, &mut found);
        let members = workspace.get("members").and_then(Value::as_array).into_iter().flatten();
        found.extend(members.filter_map(Value::as_str).map(|path| (path.to_owned(), path.to_owned())));
    }
    sources(table, &mut found);
    let replaced = table.get("replace").and_then(Value::as_table);
    found.extend(replaced.into_iter().flat_map(paths));
    found
}

fn dependencies(table: &Table, found: &mut Vec<(String, String)>) {
    for kind in ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"] {
        found.extend(table.get(kind).and_then(Value::as_table).into_iter().flat_map(paths));
    }
}

/// `[patch.SOURCE]`.
fn sources(table: &Table, found: &mut Vec<(String, String)>) {
    let patches = table.get("patch").and_then(Value::as_table).into_iter().flatten();
    found.extend(patches.filter_map(|(_, source)| source.as_table()).flat_map(paths));
}

fn paths(table: &Table) -> impl Iterator<Item = (String, String)> {
    table.iter().filter_map(|(name, value)| Some((name.clone(), value.get("path")?.as_str()?.to_owned())))
}

/// Names and paths of the dependencies in a `mix.exs`: `{:name, …, path: "…"}`.
fn mix_paths(text: &str) -> Vec<(String, String)> {
    let mut parser = Parser::new();
    let mut found = Vec::new();
    if parser.set_language(&tree_sitter_elixir::LANGUAGE.into()).is_err() {
        return found;
    }
    let Some(tree) = parser.parse(text, None) else { return found };
    let of = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default().trim();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let is_path = node.kind() == "pair"
            && node.child_by_field_name("key").is_some_and(|key| of(key) == "path:")
            && node.child_by_field_name("value").is_some_and(|value| value.kind() == "string");
        if is_path {
            let path = node.child_by_field_name("value").map(of).unwrap_or_default().trim_matches('"');
            let mut above = Some(node);
            while let Some(tuple) = above
                && tuple.kind() != "tuple"
            {
                above = tuple.parent();
            }
            if let Some(name) = above.and_then(|tuple| tuple.named_child(0)).filter(|name| name.kind() == "atom") {
                found.push((of(name).trim_start_matches(':').to_owned(), path.to_owned()));
            }
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(paths: Vec<(String, String)>, expect: Expect) {
        let lines: Vec<_> = paths.into_iter().map(|(name, path)| format!("{name} {path}")).collect();
        expect.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn every_place_where_cargo_takes_a_path_is_read() {
        let text = r#"
            [dependencies]
            a = { path = "../a" }
            serde = "1"
            [dev-dependencies.b]
            path = "b"
            [target.'cfg(unix)'.build-dependencies]
            c = { version = "1", path = "../../c" }
            [workspace]
            members = ["crates/*", "../d"]
            [workspace.dependencies]
            e = { path = "/e" }
            [patch.crates-io]
            f = { path = "../f" }
            [patch."https://example.org/g"]
            g = { git = "https://example.org/h" }
            [replace]
            "h:1.0.0" = { path = "../h" }
        "#;
        check(
            cargo_paths(&text.parse().unwrap()),
            expect![[r#"
                a ../a
                b b
                c ../../c
                e /e
                crates/* crates/*
                ../d ../d
                f ../f
                h:1.0.0 ../h"#]],
        );
    }

    #[test]
    fn paths_of_mix_are_those_of_dependencies() {
        let text = r#"
            defmodule A.MixProject do
              def project, do: [app: :a, build_path: "../../_build", deps: deps(), releases: [a: [path: "../out"]]]
              defp deps do
                [
                  {:b, path: "../b"},
                  {:c, "~> 1.0", only: :test, path: "deps/c"},
                  # {:d, path: "../d"},
                  {:e, "~> 1.0"},
                  {:f, [path: "../f", override: true]},
                  {:g, path: Path.join(__DIR__, "../g")}
                ]
              end
            end
        "#;
        check(
            mix_paths(text),
            expect![[r#"
                b ../b
                c deps/c
                f ../f"#]],
        );
        check(mix_paths("{:a, path: \"b"), expect![""]);
    }
}
