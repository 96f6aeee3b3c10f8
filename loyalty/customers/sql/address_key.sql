-- Contract function: what is the same for every way of writing an address of a channel, so that addresses are compared by it and
-- never as they are written. Of a telephone its digits without the zeros before the country's code, so that +961, 00961 and 961 are
-- one; of all else the text in small letters. Two addresses of one key are one address to whoever refuses messages there: rather
-- one telephone too many is spared than a refusal passed over. A plain SELECT, which is written into the statement that asks.
CREATE OR REPLACE FUNCTION customers_address_key(p_channel text, p_address text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN p_channel IN ('sms', 'whatsapp')
            THEN coalesce(nullif(ltrim(regexp_replace(p_address, '[^0-9]', '', 'g'), '0'), ''), lower(p_address))
        ELSE lower(p_address) END
$$;

-- Contract function: the keys of the telephones that a customer has or had with us.
CREATE OR REPLACE FUNCTION customers_telephone_keys(p_customer bigint) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT customers_address_key(p.channel, p.address) FROM customers_contactpoint p
    WHERE p.customer_id = p_customer AND p.channel IN ('sms', 'whatsapp')
$$;
