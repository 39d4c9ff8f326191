//! The chunks of templates and of configuration.

use expect_test::expect;

use super::{Format, check};

#[test]
fn templates_by_tags_and_blocks() {
    check(
        r#"
<.header>
  Orders <:actions><.link patch={~p"/new"}>New</.link></:actions>
</.header>

<%!-- <div> in a comment --%>
<div id="orders" class={["list", @wide && "<wide>"]}>
  <%= for order <- @orders do %>
    <div
      id={order.id}
      phx-click={JS.push("open", value: %{id: order.id})}
    >
      <img src="a.png">
      <p>{order.title}</p>
    </div>
  <% end %>
  <%= if @empty do %>
    <p>No orders.</p>
  <% else %>
    <p>That was all.</p>
  <% end %>
</div>
<script>
  if (1 < 2) { run("</div>") }
</script>
"#,
        Format::Template,
        36,
        expect![[r#"
            ▸ template -, 22 tokens
            <.header>
              Orders <:actions><.link patch={~p"/new"}>New</.link></:actions>
            </.header>
            ▸ template -, 29 tokens
            <%!-- <div> in a comment --%>
            <div id="orders" class={["list", @wide && "<wide>"]}>
              <%= for order <- @orders do %>
            ▸ template -, 29 tokens
                <div
                  id={order.id}
                  phx-click={JS.push("open", value: %{id: order.id})}
                >
                  <img src="a.png">
            ▸ template -, 13 tokens
                  <p>{order.title}</p>
                </div>
              <% end %>
            ▸ template -, 25 tokens
              <%= if @empty do %>
                <p>No orders.</p>
              <% else %>
                <p>That was all.</p>
              <% end %>
            </div>
            ▸ template -, 13 tokens
            <script>
              if (1 < 2) { run("</div>") }
            </script>
        "#]],
    );
}

#[test]
fn toml_by_tables_and_keys() {
    check(
        r#"
# All of it.
name = "shop"
text = """
[not.a.table]
"""

# What it needs.
[dependencies]
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = [
    "macros", # and
    "rt",
] }

[dependencies.local]
path = "../local"

[[package]]
name = "first"
version = "1.0.0"

[[package]]
name = "second"
"#,
        Format::Toml,
        25,
        expect![[r#"
            ▸ text -, 14 tokens
            # All of it.
            name = "shop"
            text = """
            [not.a.table]
            """
            ▸ table dependencies, 20 tokens
            # What it needs.
            [dependencies]
            serde = { version = "1", features = ["derive"] }
            ▸ table dependencies, 18 tokens
            tokio = { version = "1", features = [
                "macros", # and
                "rt",
            ] }
            ▸ table dependencies.local, 10 tokens
            [dependencies.local]
            path = "../local"
            ▸ table package first, 11 tokens
            [[package]]
            name = "first"
            version = "1.0.0"
            ▸ table package second, 7 tokens
            [[package]]
            name = "second"
        "#]],
    );
}

#[test]
fn json_by_entries() {
    check(
        r#"
{
  "name": "shop, [with] \"quotes\"",
  "scripts": {"build": "esbuild", "test": "vitest"},
  "dependencies": {
    "phoenix": "file:../deps/phoenix",
    "phoenix_html": "file:../deps/phoenix_html",
    "phoenix_live_view": "file:../deps/phoenix_live_view"
  },
  "list": [[1, 2, 3], [4, 5, 6], {"x": null}]
}
"#,
        Format::Json,
        24,
        expect![[r#"
            ▸ entry name, 10 tokens
            {
              "name": "shop, [with] \"quotes\"",
            ▸ entry scripts, 13 tokens
              "scripts": {"build": "esbuild", "test": "vitest"},
            ▸ entry dependencies, 15 tokens
              "dependencies": {
                "phoenix": "file:../deps/phoenix",
            ▸ entry dependencies, 12 tokens
                "phoenix_html": "file:../deps/phoenix_html",
            ▸ entry dependencies, 16 tokens
                "phoenix_live_view": "file:../deps/phoenix_live_view"
              },
            ▸ entry list, 12 tokens
              "list": [[1, 2, 3], [4, 5, 6], {"x": null}]
            }
        "#]],
    );
    check(
        r#"[{"a":1,"b":[true,false]},{"a":2,"b":[]},{"a":3,"b":[{}]}]"#,
        Format::Json,
        7,
        expect![[r#"
        ▸ text -, 7 tokens
        [{"a":1,"b":[true,false]},
        ▸ text -, 4 tokens
        {"a":2,"b":[]},
        ▸ text -, 5 tokens
        {"a":3,"b":[{}]}]
    "#]],
    );
}

#[test]
fn yaml_by_keys() {
    check(
        r#"
# Checks.
name: ci
on: [push]

jobs:
  # The first.
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          mix deps.get

          mix test
  lint:
    runs-on: ubuntu-latest
"#,
        Format::Yaml,
        28,
        expect![[r#"
            ▸ entry name, on, 8 tokens
            # Checks.
            name: ci
            on: [push]
            ▸ entry jobs, 14 tokens
            jobs:
              # The first.
              test:
                runs-on: ubuntu-latest
            ▸ entry jobs, 26 tokens
                steps:
                  - uses: actions/checkout@v4
                  - run: |
                      mix deps.get

                      mix test
            ▸ entry jobs, 9 tokens
              lint:
                runs-on: ubuntu-latest
        "#]],
    );
}
