//! Whether the user allowed that a workspace's code is sent to an address in the cloud.

use std::time::SystemTime;

use rusqlite::OptionalExtension as _;

use crate::{Store, StoreError, time::millis_since_1970};

impl Store {
    /// Whether the code of `workspace` (its folder) may be sent to `origin` (such as `https://api.openai.com`); `None`
    /// where the user has not said. Both are compared byte by byte.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn consents(&self, workspace: &str, origin: &str) -> Result<Option<bool>, StoreError> {
        let sql = "SELECT allowed FROM consents WHERE workspace = ?1 AND origin = ?2";
        let connection = self.connection();
        connection.query_row(sql, [workspace, origin], |row| row.get(0)).optional().map_err(|error| self.failed(error))
    }

    /// Keeps what the user said at the time `at`, in place of what was said before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn set_consent(&self, workspace: &str, origin: &str, allowed: bool, at: SystemTime) -> Result<(), StoreError> {
        let sql = "INSERT INTO consents (workspace, origin, allowed, at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET allowed = excluded.allowed, at = excluded.at";
        let done = self.connection().execute(sql, (workspace, origin, allowed, millis_since_1970(at)));
        done.map(drop).map_err(|error| self.failed(error))
    }

    /// Forgets what the user said; returns whether there was something to forget.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_consent(&self, workspace: &str, origin: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM consents WHERE workspace = ?1 AND origin = ?2";
        let done = self.connection().execute(sql, [workspace, origin]);
        done.map(|rows| rows > 0).map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{Scene, at};

    #[test]
    fn a_consent_holds_for_one_workspace_and_one_origin() {
        let scene = Scene::default();
        let store = scene.open();
        assert_eq!(store.consents("/shop", "https://a.example").unwrap(), None);
        store.set_consent("/shop", "https://a.example", true, at(0)).unwrap();
        store.set_consent("/shop", "https://b.example", false, at(0)).unwrap();
        let said = |workspace, origin| store.consents(workspace, origin).unwrap();
        assert_eq!(said("/shop", "https://a.example"), Some(true));
        assert_eq!(said("/shop", "https://b.example"), Some(false));
        assert_eq!(said("/shop/", "https://a.example"), None);
        assert_eq!(said("/SHOP", "https://a.example"), None);
        assert_eq!(said("/shop", "https://a.example:8443"), None);
    }

    #[test]
    fn the_last_word_counts_and_can_be_taken_back() {
        let scene = Scene::default();
        scene.open().set_consent("/shop", "https://a.example", true, at(0)).unwrap();
        scene.open().set_consent("/shop", "https://a.example", false, at(1)).unwrap();
        let store = scene.open();
        assert_eq!(store.consents("/shop", "https://a.example").unwrap(), Some(false));
        assert!(store.forget_consent("/shop", "https://a.example").unwrap());
        assert!(!store.forget_consent("/shop", "https://a.example").unwrap());
        assert_eq!(store.consents("/shop", "https://a.example").unwrap(), None);
    }
}
