"""What an event is: from the bytes of a log object to normalised, masked rows. Nothing here does input or output."""
