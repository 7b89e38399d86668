"""Which requests are of the same type, found from their prompts, tools and output; light."""

from suffice.traffic.types.agents import Role, nameless, role_of, tag_of
from suffice.traffic.types.changes import Change, Changes
from suffice.traffic.types.forgetting import forget
from suffice.traffic.types.index import NEW, TAG, Found, Learnt, TypeIndex, TypeName
from suffice.traffic.types.lookup import TypeLookup, shape_of_body
from suffice.traffic.types.shapes import Shape, rest_key, shape_of
from suffice.traffic.types.template import Template

__all__ = [
    "NEW",
    "TAG",
    "Change",
    "Changes",
    "Found",
    "Learnt",
    "Role",
    "Shape",
    "Template",
    "TypeIndex",
    "TypeLookup",
    "TypeName",
    "forget",
    "nameless",
    "rest_key",
    "role_of",
    "shape_of",
    "shape_of_body",
    "tag_of",
]
