//! Replies that become tests.
