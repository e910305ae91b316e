//! An append-only record of what was done, from where, and on which evidence.
