"""From files as received to tidy, typed, pseudonymous tables. Start at `pipeline.clean_program`."""
