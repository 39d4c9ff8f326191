//! A ledger of accounts.

use std::collections::HashMap;
use std::fmt;

/// Accounts by name, see [`Entry`].
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: HashMap<String, u64>,
    /// What was done.
    pub entries: Vec<Entry>,
}

/// One thing that was done.
pub enum Entry {
    Deposit { account: String, amount: u64 },
    Transfer(String, String, u64),
    Closed,
}

/// What can go wrong.
#[derive(Debug)]
pub(crate) enum LedgerError {
    Unknown(String),
    Short,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves `amount` from one account to another.
    ///
    /// # Errors
    /// If the first has too little.
    pub fn transfer(&mut self, from: &str, to: &str, amount: u64) -> Result<(), LedgerError> {
        let balance = self.balance(from)?;
        if balance < amount {
            return Err(LedgerError::Short);
        }
        *self.accounts.get_mut(from).unwrap() -= amount;
        self.credit(to, amount);
        for entry in &self.entries {
            match entry {
                Entry::Closed => log("closed"),
                Entry::Deposit { amount, .. } if *amount > 0 => log("deposit"),
                _ => {}
            }
        }
        self.entries.push(Entry::Transfer(from.to_owned(), to.to_owned(), amount));
        Ok(())
    }

    fn balance(&self, name: &str) -> Result<u64, LedgerError> {
        self.accounts.get(name).copied().ok_or_else(|| LedgerError::Unknown(name.to_owned()))
    }

    fn credit(&mut self, name: &str, amount: u64) {
        *self.accounts.entry(name.to_owned()).or_default() += amount;
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accounts", self.accounts.len())
    }
}

fn log(what: &str) {
    println!("{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_moves() {
        let mut ledger = Ledger::new();
        ledger.credit("a", 5);
        assert!(ledger.transfer("a", "b", 3).is_ok());
        assert_eq!(ledger.balance("b").unwrap(), 3);
    }
}
