"""Where an answer leads: which of its values another operation takes, as OpenAPI's links."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """A value of an operation's answer that is a parameter of another operation.

    Attributes
    ----------
    source
        The operation that answers, with `status`.
    target
        The operation to ask then.
    parameter
        Of the target.
    value
        A runtime expression: where in the request or the answer it is.
    """

    source: str
    target: str
    parameter: str
    value: str
    status: str = "200"

    @property
    def described(self) -> dict[str, Any]:
        """As the description of the API has it."""
        return {"operationId": self.target, "parameters": {self.parameter: self.value}}


CUSTOMER, SEGMENT, RUN = "customer_id", "segment_id", "run_id"
THE_CUSTOMER, THE_SEGMENT = f"$request.path.{CUSTOMER}", f"$request.path.{SEGMENT}"
FIRST_LISTED = f"$response.body#/customers/0/{CUSTOMER}"
NEXT_PAGE = "$response.body#/next_cursor"

LINKS = (
    Link("list_customers", "get_customer", CUSTOMER, FIRST_LISTED),
    Link("list_customers", "list_customers", "cursor", NEXT_PAGE),
    Link("list_segment_customers", "list_customers", "cursor", NEXT_PAGE),
    Link("list_segment_customers", "get_customer", CUSTOMER, FIRST_LISTED),
    Link("look_up_customers", "get_customer", CUSTOMER, FIRST_LISTED),
    Link("search_customers", "get_customer", CUSTOMER, FIRST_LISTED),
    Link("get_customer", "get_segment", SEGMENT, "$response.body#/archetype/id"),
    Link("get_customer", "list_segment_changes", CUSTOMER, THE_CUSTOMER),
    Link("get_customer", "export_customer", CUSTOMER, THE_CUSTOMER),
    Link("get_customer", "erase_customer", CUSTOMER, THE_CUSTOMER),
    Link("list_segments", "get_segment", SEGMENT, "$response.body#/segments/0/id"),
    Link("list_segments", "name_segment", SEGMENT, "$response.body#/segments/0/id"),
    Link("get_segment", "list_segment_customers", SEGMENT, THE_SEGMENT),
    Link("get_segment", "list_segment_products", SEGMENT, THE_SEGMENT),
    Link("list_moves", "get_customer", CUSTOMER, f"$response.body#/changes/0/{CUSTOMER}"),
    Link("list_moves", "get_segment", SEGMENT, "$response.body#/changes/0/to_segment_id"),
    Link("start_run", "get_run", RUN, f"$response.body#/{RUN}", status="202"),
    Link("start_run", "cancel_run", RUN, f"$response.body#/{RUN}", status="202"),
    Link("list_runs", "get_run", RUN, f"$response.body#/runs/0/{RUN}"),
    Link("list_runs", "list_runs", "cursor", NEXT_PAGE),
    Link("list_history", "read_run", RUN, f"$response.body#/history/0/{RUN}"),
    Link("read_run", "read_run_report", RUN, f"$request.path.{RUN}"),
    Link("read_run", "read_run_readiness", RUN, f"$request.path.{RUN}"),
    Link("read_run", "read_run_report_page", RUN, f"$request.path.{RUN}"),
    Link("get_run", "get_run_report", RUN, f"$request.path.{RUN}"),
    Link("get_run", "get_run_readiness", RUN, f"$request.path.{RUN}"),
    Link("get_run", "get_run_report_page", RUN, f"$request.path.{RUN}"),
    Link("get_run", "list_segment_changes", RUN, f"$request.path.{RUN}"),
    Link("list_segment_changes", "list_segment_changes", "after", "$response.body#/changes/0/id"),
    Link("list_audit", "list_audit", "after", "$response.body#/entries/0/id"),
)


def links_of(operation: str, status: str) -> Mapping[str, Any]:
    """Return the links of an operation's answer, by the names that descriptions give them."""
    return {
        f"{one.target}_by_{one.parameter}": one.described
        for one in LINKS
        if (one.source, one.status) == (operation, status)
    }
