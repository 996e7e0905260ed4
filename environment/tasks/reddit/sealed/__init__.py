"""Sealed templates: only ever run, never read by whoever writes rules or features.

`docs/sealed_templates.sha256` lists the hash of each definition; `scripts/seal_templates.py`
writes and checks it.
"""
