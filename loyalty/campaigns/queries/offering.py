"""Which of a campaign's offers each of some customers gets now, without sending anything."""

import uuid
from collections.abc import Mapping, Sequence

from loyalty.campaigns.kinds import offers
from loyalty.campaigns.queries.campaigns import get_campaign
from loyalty.foundation.orm import sql


def list_offers_for(campaign_id: uuid.UUID, customers: Sequence[int]) -> dict[int, Mapping[str, str]]:
    """Give the offer (``code``, ``title``, ``text``) of each customer by internal id; who gets none is left out.

    One statement, whatever the number of customers.

    :raises CampaignNotFound: there is no such campaign.
    """
    offered = list(get_campaign(campaign_id).offers)
    if not offered or not customers:
        return {}
    chosen = offers.get(offers.DEFAULT).chosen(offered)
    rows = sql.fetch_all(
        f"""
        SELECT b.customer_id, {chosen.place} AS place
        FROM unnest(%(offer_customers)s::bigint[]) b (customer_id)
        JOIN customers_directory d ON d.customer_id = b.customer_id {chosen.joins}
        """,
        {**chosen.params, "offer_customers": sorted(set(customers))},
    )
    return {row["customer_id"]: _told(offered[row["place"]]) for row in rows if row["place"] is not None}


def _told(offer: Mapping[str, str]) -> dict[str, str]:
    return {name: str(offer.get(name) or "") for name in ("code", "title", "text")}
