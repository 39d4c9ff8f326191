//! The system prompts: one template an intent, each of which the user may replace.

use aiex_context::Intent;
use minijinja::{Environment, UndefinedBehavior, context};

/// The name of an intent's template, without its ending: `generate_tests`.
pub fn template_name(intent: Intent) -> String {
    intent.as_str().replace('-', "_")
}

/// How replies that become edits are written; `{{ form }}` in a template.
const FORM: &str = include_str!("templates/form.md");

fn built_in(intent: Intent) -> &'static str {
    match intent {
        Intent::Explain => include_str!("templates/explain.md"),
        Intent::Refactor => include_str!("templates/refactor.md"),
        Intent::Fix => include_str!("templates/fix.md"),
        Intent::Document => include_str!("templates/document.md"),
        Intent::Generate => include_str!("templates/generate.md"),
        Intent::GenerateTests => include_str!("templates/generate_tests.md"),
        Intent::Review => include_str!("templates/review.md"),
        Intent::Ask => include_str!("templates/ask.md"),
    }
}

/// The system prompt of an intent, by `own` or the built-in template. `prose` is the language of the answer, which comes
/// from the configuration and so from anywhere.
///
/// # Errors
/// With what is wrong in `own`: a sentence with its line.
pub fn render_template(intent: Intent, own: Option<&str>, prose: &str) -> Result<String, String> {
    let named: String = prose.chars().filter(|char| char.is_alphanumeric() || " -".contains(*char)).take(40).collect();
    let language = if named.trim().is_empty() { "en" } else { named.trim() };
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let render = |source: &str| {
        let form = FORM.trim_end();
        let rendered = environment.render_str(source, context! { language, form });
        rendered.map(|text| text.trim_end().to_owned()).map_err(|error| {
            let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
            let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            format!("{}{line}{detail}; it may use {{{{ language }}}} and {{{{ form }}}}", error.kind())
        })
    };
    render(own.unwrap_or(built_in(intent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_of_the_users_takes_the_place_of_the_built_in() {
        let rendered = render_template(Intent::Fix, Some("Mend it. {{ form }}\n{{ language }}\n"), "de").unwrap();
        assert_eq!(rendered, format!("Mend it. {}\nde", FORM.trim_end()));
    }

    #[test]
    fn a_template_with_a_mistake_says_where() {
        let check = |template: &str, expect: &str| {
            assert_eq!(render_template(Intent::Fix, Some(template), "en").unwrap_err(), expect);
        };
        check("a\n{{ langauge }}", "undefined value in line 2; it may use {{ language }} and {{ form }}");
        check(
            "{{ form",
            "syntax error in line 1: unexpected end of input, expected end of variable block; it may use {{ language }} and {{ form }}",
        );
    }
}
