"""
A store's exchanges with their types, and what is asked of them.

A store is cut into `parts`. `shapes` of its rows are typed in `batches`, by any process; `finding`
keeps the types of a part, with what `agents` say across parts, and the `index` of what was learnt;
the `store` holds them all. Of each part are made `tables`, which are `merged` for a window;
`queries`, `units` and `members` ask those, and `kept_answers` are not asked for again.
"""
