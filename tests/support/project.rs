//! Copies of example projects, which tests may change and build.

use std::{fs, path::Path};

/// Copies a folder without what was built in it. Of the Elixir project, what needs packages of others, which are not
/// there, or a newer Elixir, is left out.
pub fn copy(from: &Path, to: &Path) {
    copy_all(from, to);
    if from.ends_with("elixir_shop") {
        let mix = fs::read_to_string(to.join("mix.exs")).expect("mix.exs");
        let needs = |line: &str| ["elixir:", "{:ecto", "{:phoenix"].iter().any(|part| line.contains(part));
        let lines: String = mix.lines().filter(|line| !needs(line)).map(|line| format!("{line}\n")).collect();
        fs::write(to.join("mix.exs"), lines).expect("mix.exs");
        fs::remove_dir_all(to.join("lib/shop_web")).expect("the web's folder");
        fs::remove_file(to.join("lib/shop/product.ex")).expect("the product");
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (to, is_built) =
            (to.join(entry.file_name()), ["target", "_build"].iter().any(|own| entry.file_name() == *own));
        match entry.file_type().expect("its type").is_dir() {
            true if is_built => {}
            true => copy_all(&entry.path(), &to),
            false => _ = fs::copy(entry.path(), to).expect("a copy"),
        }
    }
}
