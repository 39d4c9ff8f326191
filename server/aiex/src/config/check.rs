//! Checks a layer against the configuration's own schema: unknown keys with the nearest right one, and wrong types.

use serde_json::{Map, Value};

use super::{
    Problem,
    layer::{Layer, join},
};

/// A key that is left out.
struct Mistake {
    path: String,
    /// The path of the key that was probably meant.
    meant: Option<String>,
    message: String,
}

/// The JSON Schema of the configuration, made from its types and their comments.
pub struct Schema(Value);

impl Schema {
    /// Of the whole configuration.
    pub fn of_config() -> Self {
        Self(super::schema())
    }

    /// Takes out of the layer what is unknown or of a wrong type, and reports it.
    pub fn check(&self, layer: &mut Layer, problems: &mut Vec<Problem>) {
        let mut values = std::mem::take(&mut layer.values);
        let mut found = Vec::new();
        self.table(&self.0, &mut values, "", &mut found);
        layer.values = values;
        found.sort_by_key(|mistake| layer.line(&mistake.path));
        for Mistake { path, meant, message } in found {
            problems.push(Problem { place: layer.place(&path), message });
            layer.left_out.extend(meant);
            layer.left_out.insert(path);
        }
    }

    fn table(&self, schema: &Value, values: &mut Map<String, Value>, prefix: &str, found: &mut Vec<Mistake>) {
        let known = schema.get("properties").and_then(Value::as_object);
        let any = schema.get("additionalProperties").filter(|any| any.is_object());
        values.retain(|key, value| {
            let path = join(prefix, key);
            let Some(schema) = known.and_then(|known| known.get(key)).or(any) else {
                found.push(unknown(key, prefix, known.into_iter().flat_map(Map::keys)));
                return false;
            };
            match self.value(schema, value, &path, found) {
                Ok(()) => true,
                Err(expected) => {
                    // The value itself is not repeated: it may be a key in the wrong place.
                    let message = format!("`{path}` must be {expected}; it was left out");
                    found.push(Mistake { path, meant: None, message });
                    false
                }
            }
        });
    }

    /// `Err` says what the value must be.
    fn value(&self, schema: &Value, value: &mut Value, path: &str, found: &mut Vec<Mistake>) -> Result<(), String> {
        let schema = self.resolve(schema);
        if let Some(names) = choices(schema) {
            let right = value.as_str().is_some_and(|value| names.contains(&value));
            return if right { Ok(()) } else { Err(format!("one of {}", names.join(", "))) };
        }
        let types = schema.get("type").map(|kind| match kind {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.as_str().into_iter().collect::<Vec<_>>(),
        });
        let is = |name: &str| types.as_ref().is_some_and(|types| types.contains(&name));
        match value {
            Value::Object(table) if is("object") => {
                self.table(schema, table, path, found);
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                match required.filter_map(Value::as_str).find(|key| !table.contains_key(*key)) {
                    Some(missing) => Err(format!("a table with `{missing}`")),
                    None => Ok(()),
                }
            }
            Value::Array(items) if is("array") => {
                let item = schema.get("items").unwrap_or(&Value::Null);
                items
                    .iter_mut()
                    .try_for_each(|value| self.value(item, value, path, found))
                    .map_err(|what| format!("a list whose every item is {what}"))
            }
            Value::String(_) if is("string") => Ok(()),
            Value::Bool(_) if is("boolean") => Ok(()),
            Value::Number(number) if is("integer") && (number.is_u64() || number.is_i64()) => {
                let least = schema.get("minimum").and_then(Value::as_f64).unwrap_or(f64::MIN);
                let most = match schema.get("format").and_then(Value::as_str) {
                    Some("uint32") => f64::from(u32::MAX),
                    _ => f64::MAX,
                };
                match number.as_f64() {
                    Some(number) if number < least => Err(format!("a whole number of at least {least}")),
                    Some(number) if number > most => Err(format!("a whole number of at most {most}")),
                    _ => Ok(()),
                }
            }
            Value::Number(_) if is("number") => Ok(()),
            _ => Err(match types.as_ref().and_then(|types| types.first()) {
                Some(&"object") => "a table".to_owned(),
                Some(&"array") => "a list".to_owned(),
                Some(&"string") => "a text in quotes".to_owned(),
                Some(&"boolean") => "true or false".to_owned(),
                Some(&"integer") => "a whole number".to_owned(),
                _ => "a number".to_owned(),
            }),
        }
    }

    /// Follows `$ref`, and takes the one alternative of an optional value that is not null.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        if let Some(target) = target.and_then(|target| self.0.pointer(target)) {
            return self.resolve(target);
        }
        let alternatives = schema.get("anyOf").and_then(Value::as_array);
        match alternatives.and_then(|all| all.iter().find(|one| one.get("type") != Some(&Value::from("null")))) {
            Some(one) => self.resolve(one),
            None => schema,
        }
    }
}

/// The words of an enumeration, whether or not they carry comments.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    let plain = schema.get("enum").and_then(Value::as_array);
    let commented = schema.get("oneOf").and_then(Value::as_array);
    let words: Vec<_> = match (plain, commented) {
        (Some(words), _) => words.iter().filter_map(Value::as_str).collect(),
        (None, Some(all)) => all
            .iter()
            .flat_map(|one| {
                one.get("const")
                    .and_then(Value::as_str)
                    .map(|word| vec![word])
                    .or_else(|| choices(one))
                    .unwrap_or_default()
            })
            .collect(),
        _ => return None,
    };
    Some(words)
}

fn unknown<'a>(key: &str, prefix: &str, names: impl Iterator<Item = &'a String>) -> Mistake {
    let table = if prefix.is_empty() { "configuration".to_owned() } else { format!("`[{prefix}]`") };
    // The key is the file's own text, and may be anything.
    let shown: String = aiex_assist::clean_text(key).chars().take(60).collect();
    let near = names
        .map(|name| (strsim::damerau_levenshtein(&shown, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .min();
    let advice = match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "see `aiex config show` for the keys there are".to_owned(),
    };
    Mistake {
        path: join(prefix, key),
        meant: near.map(|(_, name)| join(prefix, name)),
        message: format!("unknown key `{shown}` in {table}; {advice}"),
    }
}
