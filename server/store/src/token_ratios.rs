//! What was learned of how models count tokens.

use rusqlite::OptionalExtension as _;

use crate::{Store, StoreError};

impl Store {
    /// The ratios kept for `model` (`provider/model`), as they were given; `None` where there are none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn token_ratios(&self, model: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT ratios FROM token_ratios WHERE model = ?1";
        let connection = self.connection();
        connection.query_row(sql, [model], |row| row.get(0)).optional().map_err(|error| self.failed(error))
    }

    /// Keeps the ratios for `model`, in place of those that were kept before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn set_token_ratios(&self, model: &str, ratios: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO token_ratios (model, ratios) VALUES (?1, ?2)
                   ON CONFLICT DO UPDATE SET ratios = excluded.ratios";
        let done = self.connection().execute(sql, [model, ratios]);
        done.map(drop).map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn the_ratios_of_a_model_are_those_kept_last() {
        let scene = Scene::default();
        assert_eq!(scene.open().token_ratios("work/m").unwrap(), None);
        scene.open().set_token_ratios("work/m", "[1.1]").unwrap();
        scene.open().set_token_ratios("work/m", "[1.1, 1.2]").unwrap();
        let store = scene.open();
        assert_eq!(store.token_ratios("work/m").unwrap().as_deref(), Some("[1.1, 1.2]"));
        assert_eq!(store.token_ratios("work/n").unwrap(), None);
    }
}
