"""The API's own description: an OpenAPI document, written route by route, and the pages that show it.

Nothing here imports what it describes, but the errors: the document is made in no time. Tests hold every route, name,
limit and answer equal to the code.
"""
