-- A contract view: whom a customer who was merged is now. Who was never merged is not in it.
CREATE OR REPLACE VIEW customers_successors AS
    SELECT id AS customer_id, merged_into_id AS into_id FROM customers_customer WHERE merged_into_id IS NOT NULL;
