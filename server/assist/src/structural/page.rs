//! [`Page`]: Markdown put together of paragraphs and sections, none of them empty.

/// An explanation in the making.
pub(super) struct Page(Vec<String>);

impl Page {
    pub(super) fn new(first: &str) -> Self {
        Self(vec![first.to_owned()])
    }

    /// A paragraph or another block; nothing for nothing.
    pub(super) fn paragraph(&mut self, block: &str) {
        if !block.trim().is_empty() {
            self.0.push(block.trim_end().to_owned());
        }
    }

    /// A title, a sentence that may be empty, and a list of at most `cap` items, nested by the spaces that they begin
    /// with; nothing without items.
    pub(super) fn list(&mut self, title: &str, intro: &str, items: &[String], cap: usize) {
        if !items.is_empty() {
            self.heading(title, intro);
            self.0.push(listed(items, cap, |_| "- ".to_owned()));
        }
    }

    /// The same with the items numbered.
    pub(super) fn numbered(&mut self, title: &str, intro: &str, items: &[String], cap: usize) {
        if !items.is_empty() {
            self.heading(title, intro);
            self.0.push(listed(items, cap, |number| format!("{number}. ")));
        }
    }

    /// A table of at most `cap` rows; columns in which every cell is empty are left out.
    pub(super) fn table<const N: usize>(&mut self, title: &str, columns: [&str; N], rows: &[[String; N]], cap: usize) {
        if rows.is_empty() {
            return;
        }
        let used: Vec<bool> =
            (0..N).map(|at| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))).collect();
        let line = |cells: &[&str]| {
            let shown: Vec<_> = cells.iter().zip(&used).filter(|(_, used)| **used).map(|(cell, _)| *cell).collect();
            format!("| {} |", shown.join(" | "))
        };
        let mut table = vec![line(&columns), line(&["---"; N])];
        table.extend(rows.iter().take(cap).map(|row| line(&row.each_ref().map(String::as_str))));
        self.heading(title, "");
        self.0.push(table.join("\n"));
        if let Some(more) = rows.len().checked_sub(cap).filter(|more| *more > 0) {
            self.0.push(format!("… and {more} more"));
        }
    }

    fn heading(&mut self, title: &str, intro: &str) {
        let intro = if intro.is_empty() { String::new() } else { format!(" {intro}") };
        self.0.push(format!("**{title}**{intro}"));
    }

    pub(super) fn finish(self) -> String {
        let mut page = self.0.join("\n\n");
        page.push('\n');
        page
    }
}

fn listed(items: &[String], cap: usize, mark: impl Fn(usize) -> String) -> String {
    // An item that begins with spaces belongs below the one before it.
    let line = |(at, item): (usize, &String)| {
        let words = item.trim_start_matches(' ');
        format!("{}{}{words}", " ".repeat(item.len() - words.len()), mark(at + 1))
    };
    let mut lines: Vec<_> = items.iter().take(cap).enumerate().map(line).collect();
    if let Some(more) = items.len().checked_sub(cap).filter(|more| *more > 0) {
        lines.push(format!("{}… and {more} more", mark(cap + 1)));
    }
    lines.join("\n")
}
