"""Files as received, as text: tables of many kinds, documents, transcripts, coded interviews."""
