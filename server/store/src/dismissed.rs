//! What reviews found and the user does not want to be told again.

use std::{collections::HashSet, time::SystemTime};

use crate::{Store, StoreError, time::millis_since_1970};

impl Store {
    /// The findings of a workspace (its folder) that the user dismissed, by what identifies them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn dismissed(&self, workspace: &str) -> Result<HashSet<String>, StoreError> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<HashSet<String>> {
            let mut statement = connection.prepare("SELECT finding FROM dismissed WHERE workspace = ?1")?;
            statement.query_map([workspace], |row| row.get(0))?.collect()
        };
        read().map_err(|error| self.failed(error))
    }

    /// Keeps that the user dismissed a finding at the time `at`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn dismiss(&self, workspace: &str, finding: &str, at: SystemTime) -> Result<(), StoreError> {
        let sql = "INSERT INTO dismissed (workspace, finding, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let done = self.connection().execute(sql, (workspace, finding, millis_since_1970(at)));
        done.map(drop).map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{Scene, at};

    #[test]
    fn what_was_dismissed_stays_so_in_its_workspace() {
        let scene = Scene::default();
        scene.open().dismiss("/shop", "a", at(0)).unwrap();
        scene.open().dismiss("/shop", "a", at(1)).unwrap();
        scene.open().dismiss("/shop", "b", at(1)).unwrap();
        let store = scene.open();
        assert_eq!(store.dismissed("/shop").unwrap(), ["a".to_owned(), "b".to_owned()].into());
        assert!(store.dismissed("/other").unwrap().is_empty());
    }
}
