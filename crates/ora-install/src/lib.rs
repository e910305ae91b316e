//! Plans, transactions, undo, links, install scripts and receipts.
