"""An Exchange Server of one's own: turned on by an administrator, signed in to by colleagues."""
