"""One look at an account: whom to ask, what came of it, what controls say of that, and how the account stands then."""
