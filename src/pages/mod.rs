//! A page a route: reads the desk, derives, composes parts, sends commands.

pub mod case;
pub mod fault;
pub mod more;
pub mod record;
pub mod revoked;
pub mod search;
pub mod sign_in;
pub mod unsigned;
pub mod work;
