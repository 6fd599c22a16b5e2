"""`make run`: the deployed template on the emulator of this machine, with what the emulator lacks."""
